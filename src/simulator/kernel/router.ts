import {Call, type Download, type Handler, type ParamValue, type Routes, type Upload} from './call.js'
import {type Json, paramError, permissionError, PveError} from './pve-error.js'

import type {MethodSchema, SchemaMatch} from '../../schema/schema.js'
import type {World} from './world.js'

/** Parameters as they came: repeated keys are arrays, JSON bodies bring other types. */
export type RawParams = Readonly<Record<string, ParamValue>>

/** Checks of a call that need nothing but the schema, the ACL and the parameters. */
export interface FrontDoor {
  /** Throws a 403. `params` are the raw ones. */
  checkPermission(method: MethodSchema, user: string, params: RawParams, world: World): void
  /** Validated and coerced, or throws the 400 with its map. */
  validate(method: MethodSchema, params: RawParams): Readonly<Record<string, ParamValue>>
}

/** What the state of the cluster has to say to a call. */
export interface Gate {
  /** Throws, or rejects after some time, to refuse the call; undefined lets it through at once. */
  before(call: Call): Promise<void> | undefined
  /** Seconds the answer has to wait. */
  delay(call: Call, result: unknown): number
}

export interface ApiRequest {
  readonly method: string
  /** Below `/api2/json`, decoded. */
  readonly path: string
  readonly params: RawParams
  /** `user@realm`, `user@realm!token`, or undefined for a call nobody has to log in for. */
  readonly user: string | undefined
  readonly via: string
  readonly upload?: Upload
}

export interface ApiResult {
  readonly data: Json
  readonly total?: number
  readonly changes?: string
}

/** An answer of the proxy: a status line and no body at all. */
export class ProxyError extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
  ) {
    super(reason)
  }
}

/** Finds and runs the handler of a call, in the order the real server does its checks. */
export class Router {
  /** Methods of the schema that were called and have no handler, with how often. */
  readonly missing = new Map<string, number>()

  constructor(
    private readonly routes: Routes,
    private readonly frontDoor: FrontDoor,
    private readonly gate?: Gate,
  ) {}

  /** Methods of the schema without a handler. */
  unimplemented(world: World): readonly string[] {
    return [...world.schema.methods()]
      .map((method) => `${method.method} ${method.template}`)
      .filter((key) => !this.routes[key])
  }

  /** The schema's method for a request; 501 if there is none. */
  match(world: World, request: Pick<ApiRequest, 'method' | 'path'>): SchemaMatch {
    const found = world.schema.match(request.method, request.path)
    if (!found) throw new PveError(501, `Method '${request.method} ${normalPath(request.path)}' not implemented`)
    return found
  }

  /** Answers a call. Returns without a promise when the handler does. */
  handle(
    world: World,
    request: ApiRequest,
    found = this.match(world, request),
  ): ApiResult | Download | Promise<ApiResult | Download> {
    const {method} = found
    const params = this.checkPermission(world, request, found)
    const user = request.user ?? ''
    const forwarded = method.proxyto === undefined ? undefined : String(params[method.proxyto])
    const target = forwarded === undefined ? request.via : route(world, request.via, forwarded)
    if (typeof target !== 'string') return this.fail(world, target)
    if (method.protected && world.store.of('nodes').get(target)?.daemonDown)
      return this.fail(world, {status: 595, reason: 'Connection refused', delay: 0})

    const validated = this.frontDoor.validate(method, params)
    const key = `${method.method} ${method.template}`
    const handler = this.routes[key]
    if (!handler) {
      this.missing.set(key, (this.missing.get(key) ?? 0) + 1)
      throw new PveError(500, `simulator: ${key} is not simulated`)
    }

    const call = new Call({
      method: method.method,
      template: method.template,
      params: validated,
      raw: params,
      user,
      via: request.via,
      node: target,
      world,
      ...(request.upload && {upload: request.upload}),
    })
    return this.gate === undefined ? run(handler, call) : passGate(this.gate, handler, call)
  }

  /** Merges the parameters of path and request and lets only those through who may; returns the merged ones. */
  checkPermission(world: World, request: ApiRequest, {method, pathParams}: SchemaMatch): RawParams {
    const params: Record<string, ParamValue> = {...request.params}
    for (const [name, value] of Object.entries(pathParams)) {
      const given = params[name]
      if (given !== undefined && String(given) !== value) {
        paramError({[name]: 'duplicate parameter (already defined in URI) with conflicting values!'})
      }

      params[name] = value
    }

    if (request.user?.includes('!') && !method.allowToken) {
      permissionError(`URI '${normalPath(request.path)}' not available with API token, need proper ticket.\n`)
    }

    this.frontDoor.checkPermission(method, request.user ?? '', params, world)
    return params
  }

  /** Throws the 400 with its map for parameters the schema refuses. `params` are the merged ones. */
  checkParameters(params: RawParams, {method}: SchemaMatch): void {
    this.frontDoor.validate(method, params)
  }

  private async fail(
    world: World,
    {status, reason, delay}: {status: number; reason: string; delay: number},
  ): Promise<never> {
    if (delay > 0) await world.clock.sleep(delay, {lasting: true})
    throw new ProxyError(status, reason)
  }
}

function passGate(gate: Gate, handler: Handler, call: Call): ApiResult | Download | Promise<ApiResult | Download> {
  const enter = (): ApiResult | Download | Promise<ApiResult | Download> => {
    const result = run(handler, call)
    return result instanceof Promise ? result.then(leave) : leave(result)
  }

  const leave = (result: ApiResult | Download): ApiResult | Download | Promise<ApiResult | Download> => {
    const seconds = gate.delay(call, 'data' in result ? result.data : undefined)
    return seconds > 0 ? call.world.clock.sleep(seconds, {lasting: true}).then(() => result) : result
  }

  const entry = gate.before(call)
  if (entry === undefined) return enter()
  return entry.then(() => {
    // it waited longer than its node lived
    if (call.world.store.of('nodes').get(call.node)?.power === 'off') throw new ProxyError(596, 'Broken pipe')
    return enter()
  })
}

function run(handler: Handler, call: Call): ApiResult | Download | Promise<ApiResult | Download> {
  const finish = (data: Awaited<ReturnType<Handler>>): ApiResult | Download => {
    if (data !== null && typeof data === 'object' && 'contentType' in data && 'text' in data) return data as Download
    return {
      data: (data ?? null) as Json,
      ...(call.total > 0 && {total: call.total}),
      ...(call.changes !== '' && {changes: call.changes}),
    }
  }

  const data = handler(call)
  return data instanceof Promise ? data.then(finish) : finish(data)
}

/** The node that executes a forwarded call, or why it cannot be reached (cluster facts, "Cluster reads"). */
function route(world: World, via: string, name: string): string | {status: number; reason: string; delay: number} {
  if (name === 'localhost') return via
  const node = world.store.of('nodes').get(name)
  if (node?.resolves) return world.unreachable(via, node) ?? name
  const known = [...world.store.of('nodes').keys()].some(
    (known) => known === name.toLowerCase() || name.startsWith(`${known}.`),
  )
  if (!node && (known || /^\d+(?:\.\d+){3}$/.test(name))) {
    return {status: 596, reason: 'error:0A000086:SSL routines::certificate verify failed', delay: 0}
  }

  throw new PveError(
    500,
    `hostname lookup '${name}' failed - failed to get address info for: ${name}: Name or service not known`,
  )
}

const normalPath = (path: string): string => `/${path.split('/').filter(Boolean).join('/')}`
