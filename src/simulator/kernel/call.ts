import {splitAuthuser} from '../access/privileges.js'
import {type Json, permissionError} from './pve-error.js'

import type {HttpMethod} from '../../schema/schema.js'
import type {TaskBody} from './tasks.js'
import type {World} from './world.js'

/** A validated parameter. Numbers and booleans may still be the text the client sent, as in Proxmox; use `Call.int`, `Call.flag`, … to read them. */
export type ParamValue = boolean | null | number | string | readonly ParamValue[] | {readonly [key: string]: ParamValue}
export type Params = Readonly<Record<string, ParamValue>>

/** A file that came with the request, already on the receiving node. */
export interface Upload {
  readonly filename: string
  readonly size: number
  /** Temporary path on the node, as task logs show it. */
  readonly path: string
  /** Hex digest of the content. */
  digest(algorithm: string): string
}

/** What a handler may return instead of JSON: a text to download. */
export class Download {
  constructor(
    readonly contentType: string,
    readonly text: string,
  ) {}
}

/** Answers a call, or throws a PveError. Synchronous where nothing has to be waited for. */
export type Handler = (call: Call) => Download | Json | Promise<Download | Json | void> | void

/** `'GET /nodes/{node}/status'` -> handler, with the placeholders' names as in the schema. */
export type Routes = Readonly<Record<string, Handler>>

export interface CallParts {
  readonly method: HttpMethod
  readonly template: string
  readonly params: Params
  readonly raw: Params
  readonly user: string
  readonly via: string
  readonly node: string
  readonly world: World
  readonly upload?: Upload
  /** The HA manager calls. */
  readonly byHa?: boolean
}

/** One call of an API method after authentication, permission check, forwarding and validation. Knows nothing of HTTP. */
export class Call {
  readonly method: HttpMethod
  /** `/nodes/{node}/qemu/{vmid}` */
  readonly template: string
  readonly params: Params
  /** The parameters before validation, path included: Proxmox echoes some of them in the type the client sent. */
  readonly raw: Params
  /** Who calls: `user@realm` or `user@realm!token`. */
  readonly user: string
  /** `user` without the token. */
  readonly userid: string
  readonly tokenid: string | undefined
  /** The node that was asked. */
  readonly via: string
  /** The node that executes the call: that of the path for forwarded methods, else `via`. Use this, not `params.node`. */
  readonly node: string
  readonly world: World
  readonly upload: Upload | undefined
  /** The HA manager calls, which its own resources obey. */
  readonly byHa: boolean
  /** Beside `data` in the answer; left out when 0 or empty, as Proxmox does. */
  total = 0
  changes = ''

  constructor(parts: CallParts) {
    this.method = parts.method
    this.template = parts.template
    this.params = parts.params
    this.raw = parts.raw
    this.user = parts.user
    ;({userid: this.userid, tokenid: this.tokenid} = {tokenid: undefined, ...splitAuthuser(parts.user)})
    this.via = parts.via
    this.node = parts.node
    this.world = parts.world
    this.upload = parts.upload
    this.byHa = parts.byHa ?? false
  }

  /** root@pam himself; never a token, not even his (reference 2.3). */
  get isRootPam(): boolean {
    return this.user === 'root@pam'
  }

  /** The text of a parameter; numbers as text. Undefined when it was not given. */
  text(name: string): string | undefined {
    const value = this.params[name]
    return value === undefined || value === null ? undefined : String(value)
  }

  /** A required parameter as text. */
  required(name: string): string {
    const value = this.text(name)
    if (value === undefined) throw new Error(`parameter ${name} is not declared as required`)
    return value
  }

  /** A numeric parameter. */
  number(name: string): number | undefined {
    const text = this.text(name)
    return text === undefined ? undefined : Number(text)
  }

  /** A boolean parameter; undefined when it was not given. */
  flag(name: string): boolean | undefined {
    const value = this.params[name]
    return value === undefined || value === null
      ? undefined
      : !['', '0', 'false', 'no', 'off'].includes(String(value).toLowerCase())
  }

  /** A list parameter, given as array or as text separated by comma, semicolon, blank or NUL. */
  list(name: string): readonly string[] {
    const value = this.params[name]
    if (value === undefined || value === null) return []
    return Array.isArray(value)
      ? value.map(String)
      : String(value)
          .split(/[\s,;\0]+/)
          .filter((item) => item !== '')
  }

  get vmid(): number {
    return Number(this.required('vmid'))
  }

  /** Whether the caller has all of these privileges on the path. */
  has(path: string, ...privileges: readonly string[]): boolean {
    return this.world.access.has(this.user, path, ...privileges)
  }

  /** Whether the caller has one of these privileges on the path. */
  hasAny(path: string, ...privileges: readonly string[]): boolean {
    return privileges.some((priv) => this.has(path, priv))
  }

  /** 403 `Permission check failed (PATH, PRIV)` with the first privilege that lacks. */
  check(path: string, ...privileges: readonly string[]): void {
    for (const priv of privileges) if (!this.has(path, priv)) permissionError(`${path}, ${priv}`)
  }

  /** 403 `Permission check failed (PATH, A|B)` unless the caller has one of them. */
  checkAny(path: string, ...privileges: readonly string[]): void {
    if (!this.hasAny(path, ...privileges)) permissionError(`${path}, ${privileges.join('|')}`)
  }

  /** Starts a task of the caller on the executing node and returns its UPID. */
  startTask(type: string, id: number | string, body: TaskBody): string {
    const start = {node: this.node, type, id, user: this.user}
    if (!this.byHa) return this.world.tasks.start(start, body)
    return this.world.tasks.start(start, (task) => {
      task.log('task started by HA resource agent')
      return body(task)
    })
  }
}
