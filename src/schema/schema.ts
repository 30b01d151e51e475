import {existsSync, readFileSync} from 'node:fs'
import {gunzipSync} from 'node:zlib'

/** A Proxmox VE release whose API description is built in. */
export type PveVersion = '7.4' | '8.4' | '9.2'
export const PVE_VERSIONS: readonly PveVersion[] = ['7.4', '8.4', '9.2']

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** One node of a parameter description, as Proxmox VE's JSON schema dialect writes it. */
export interface PropertySchema {
  readonly type?: string
  readonly optional?: 1
  readonly default?: string | number
  readonly enum?: readonly (string | number)[]
  /** A named format, or the properties of a property string. */
  readonly format?: string | Readonly<Record<string, PropertySchema>>
  /** A Perl regular expression. Proxmox puts `^` before and `$` after it. */
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  /** Another parameter that must be given with this one. */
  readonly requires?: string
  readonly items?: PropertySchema
  readonly properties?: Readonly<Record<string, PropertySchema>>
  readonly additionalProperties?: 0 | 1
  /** Property strings: the key of a part without `=`. */
  readonly default_key?: 1
  /** Property strings: the key that this key is another spelling of. */
  readonly alias?: string
  /** Property strings: the key that receives the name used (`virtio=MAC` sets `model`). */
  readonly keyAlias?: string
  readonly allOf?: readonly PropertySchema[]
  readonly oneOf?: readonly PropertySchema[]
  readonly 'type-property'?: string
  readonly 'type-property-schema'?: PropertySchema
  readonly 'instance-type'?: string
  readonly 'instance-types'?: readonly string[]
}

/** A privilege expression: `["perm", "/vms/{vmid}", ["VM.Audit"], "any", 1]`, `["and", ...]`, ... */
export type PermissionCheck = readonly unknown[]

export interface PermissionSchema {
  readonly user?: string
  readonly check?: PermissionCheck
}

/** Named property-string formats: name -> properties. Formats that only code can check are not here. */
export type NamedFormats = Readonly<Record<string, Readonly<Record<string, PropertySchema>>>>

export interface MethodSchema {
  readonly version: PveVersion
  /** With placeholders: `/nodes/{node}/qemu/{vmid}`. */
  readonly template: string
  readonly method: HttpMethod
  readonly parameters: PropertySchema
  /** Absent: only root@pam may call it. */
  readonly permissions?: PermissionSchema
  /** Runs as root, in the privileged daemon. */
  readonly protected: boolean
  /** The parameter that names the node the call is forwarded to. */
  readonly proxyto?: string
  /** False: API tokens are refused. */
  readonly allowToken: boolean
  /** JSON type of the result, where it is a plain one. */
  readonly returns?: string
  readonly formats: NamedFormats
  /** The result of `derive(this)`, computed at the first call and kept with the schema. `derive` must be pure and is its own key. */
  derived<T>(derive: (method: MethodSchema) => T): T
}

export interface SchemaMatch {
  readonly template: string
  /** Placeholder -> decoded value. */
  readonly pathParams: Readonly<Record<string, string>>
  readonly method: MethodSchema
}

interface RawMethod {
  readonly parameters: PropertySchema
  readonly permissions?: PermissionSchema
  readonly protected?: 1
  readonly proxyto?: string
  readonly allowtoken?: 0
  readonly returns?: string
}

interface PathNode {
  readonly literals: Map<string, PathNode>
  placeholder?: {readonly name: string; readonly takesRest: boolean; readonly node: PathNode}
  template: string
  methods?: Map<string, MethodSchema>
}

/** Volume names and CIDRs contain `/`; Proxmox takes the rest of the path for these placeholders, however many segments that is. */
const REST_OF_PATH = /\/(?:content\/\{volume\}|ipset\/\{name\}\/\{cidr\})$/

function newNode(): PathNode {
  return {literals: new Map(), template: ''}
}

function toMethod(
  version: PveVersion,
  template: string,
  method: HttpMethod,
  raw: RawMethod,
  formats: NamedFormats,
): MethodSchema {
  const memo = new Map<unknown, unknown>()
  const schema: MethodSchema = {
    version,
    template,
    method,
    parameters: raw.parameters,
    ...(raw.permissions === undefined ? {} : {permissions: raw.permissions}),
    protected: raw.protected === 1,
    ...(raw.proxyto === undefined ? {} : {proxyto: raw.proxyto}),
    allowToken: raw.allowtoken !== 0,
    ...(raw.returns === undefined ? {} : {returns: raw.returns}),
    formats,
    derived<T>(derive: (method: MethodSchema) => T): T {
      const known = memo.get(derive)
      if (known !== undefined) return known as T
      const value = derive(schema)
      memo.set(derive, value)
      return value
    },
  }
  return schema
}

/** The API description of one Proxmox VE version: which methods exist, what they take and who may call them. */
export class Schema {
  readonly version: PveVersion
  readonly formats: NamedFormats
  readonly #root = newNode()
  readonly #all: MethodSchema[] = []

  constructor(
    version: PveVersion,
    paths: Readonly<Record<string, Readonly<Record<string, RawMethod>>>>,
    formats: NamedFormats,
  ) {
    this.version = version
    this.formats = formats
    for (const [template, methods] of Object.entries(paths)) {
      for (const [method, raw] of Object.entries(methods)) {
        this.#add(toMethod(version, template, method as HttpMethod, raw, formats))
      }
    }
  }

  /** Every method, in the order of the paths. */
  methods(): IterableIterator<MethodSchema> {
    return this.#all.values()
  }

  /**
   * Finds the method that answers a request.
   *
   * `path` is relative to `/api2/json` and already decoded as a whole, as the server does before it splits it: `%2F` separates like `/`.
   * Empty segments are ignored. `undefined` means that Proxmox answers 501.
   */
  match(method: string, path: string): SchemaMatch | undefined {
    const segments = path.split('/')
    const pathParams: Record<string, string> = {}
    let node = this.#root
    for (let index = 0; index < segments.length; index++) {
      const segment = segments[index]!
      if (segment === '') continue
      const literal = node.literals.get(segment)
      if (literal !== undefined) {
        node = literal
        continue
      }
      const {placeholder} = node
      if (placeholder === undefined) return undefined
      const value = placeholder.takesRest ? segments.slice(index).filter(Boolean).join('/') : segment
      if (/\s/.test(value)) return undefined
      pathParams[placeholder.name] = value
      ;({node} = placeholder)
      if (placeholder.takesRest) break
    }
    const found = node.methods?.get(method)
    return found === undefined ? undefined : {template: node.template, pathParams, method: found}
  }

  /** The method of a path template: `find('GET', '/nodes/{node}/status')`. */
  find(method: string, template: string): MethodSchema | undefined {
    let node: PathNode | undefined = this.#root
    for (const segment of template.split('/')) {
      if (segment === '') continue
      node = segment.startsWith('{') ? node?.placeholder?.node : node?.literals.get(segment)
    }
    return node?.methods?.get(method)
  }

  #add(method: MethodSchema): void {
    let node = this.#root
    const segments = method.template.split('/').filter(Boolean)
    for (const [index, segment] of segments.entries()) {
      if (segment.startsWith('{')) {
        const takesRest = index === segments.length - 1 && REST_OF_PATH.test(method.template)
        node.placeholder ??= {name: segment.slice(1, -1), takesRest, node: newNode()}
        node = node.placeholder.node
      } else {
        let next = node.literals.get(segment)
        if (next === undefined) {
          next = newNode()
          node.literals.set(segment, next)
        }
        node = next
      }
    }
    node.template = method.template
    ;(node.methods ??= new Map()).set(method.method, method)
    this.#all.push(method)
  }
}

/** Beside this file in the sources; in a bundle below `schema/` of one of the folders above. */
function readData<T>(name: string): T {
  const places = ['./data/', './schema/data/', '../schema/data/', '../../schema/data/', '../../../schema/data/']
  const found = places
    .map((place) => new URL(`${place}${name}.json.gz`, import.meta.url))
    .find((url) => existsSync(url))
  if (found === undefined) throw new Error(`The schema data file ${name}.json.gz is not part of this installation.`)
  return JSON.parse(gunzipSync(readFileSync(found)).toString('utf8')) as T
}

/** Reads the built-in description of one version. Takes some milliseconds: load it once and pass it on. */
export function loadSchema(version: PveVersion): Schema {
  return new Schema(version, readData(`pve-${version}`), readData<NamedFormats>('formats'))
}
