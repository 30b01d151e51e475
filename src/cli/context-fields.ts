import type {Configuration, ContextSettings, SecretSource} from '../config/configuration.js'
import type {Column} from './output/columns.js'

/** A context as it is shown: where secrets come from, never what they are. */
export interface ContextRow {
  readonly name: string
  readonly current: boolean
  readonly endpoints: readonly string[]
  readonly trust: 'ca' | 'pin' | 'system'
  readonly fingerprint?: string
  readonly caFile?: string
  readonly login?: 'password' | 'token'
  readonly tokenId?: string
  readonly user?: string
  /** `file /home/…/secrets/lab`, `command pass`, `environment HOMELAB_TOKEN_SECRET`, `configuration`. */
  readonly secretFrom?: string
  readonly file?: string
  readonly defaults?: ContextSettings['defaults']
  readonly nodes?: ContextSettings['nodes']
  readonly ssh?: ContextSettings['ssh']
}

export const contextColumns: readonly Column<ContextRow>[] = [
  {key: 'current', format: (value) => (value === true ? '*' : ''), header: ''},
  {key: 'name'},
  {key: 'endpoints'},
  {key: 'login', default: false},
  {key: 'tokenId', header: 'TOKEN', default: false},
  {key: 'user', default: false},
  {key: 'trust'},
  {key: 'fingerprint', default: false},
  {key: 'caFile', header: 'CA FILE', default: false},
  {key: 'secretFrom', header: 'SECRET FROM'},
  {key: 'file', default: false},
]

export function contextRow(context: ContextSettings, current: string | undefined): ContextRow {
  const {defaults, endpoints, file, login, name, nodes, ssh, trust} = context
  const source = login?.kind === 'token' ? login.secret : login?.password
  return {
    name,
    current: name === current,
    endpoints,
    trust: trust.kind,
    ...(trust.kind === 'pin' && {fingerprint: trust.fingerprint}),
    ...(trust.kind === 'ca' && {caFile: trust.file}),
    ...(login !== undefined && {login: login.kind}),
    ...(login?.kind === 'token' && {tokenId: login.id}),
    ...(login?.kind === 'password' && {user: login.username}),
    ...(source !== undefined && {secretFrom: sourceText(source)}),
    ...(file !== undefined && {file}),
    ...(Object.keys(defaults).length > 0 && {defaults}),
    ...(Object.keys(nodes).length > 0 && {nodes}),
    ...(ssh !== undefined && {ssh}),
  }
}

/** The context in use where nothing chooses another. */
export function currentOf({contexts, currentContext}: Configuration): string | undefined {
  const names = Object.keys(contexts)
  return currentContext ?? (names.length === 1 ? names[0] : undefined)
}

function sourceText(source: SecretSource): string {
  switch (source.kind) {
    case 'command': {
      // The arguments of a secret's command may say more than they should.
      return `command ${source.argv[0] ?? ''}`
    }

    case 'env': {
      return `environment ${source.variable}`
    }

    case 'file': {
      return `file ${source.path}`
    }

    case 'value': {
      return 'configuration'
    }
  }
}

/** One context as fields. */
export const contextFields: readonly Column<ContextRow>[] = [
  {key: 'name'},
  {key: 'current'},
  {key: 'endpoints'},
  {key: 'trust'},
  {key: 'fingerprint'},
  {key: 'caFile', header: 'CA FILE'},
  {key: 'tokenId', header: 'TOKEN'},
  {key: 'user'},
  {key: 'secretFrom', header: 'SECRET FROM'},
  {key: 'defaults'},
  {key: 'nodes'},
  {key: 'ssh'},
  {key: 'file'},
]

/** A login that the server took. */
export interface CheckedLogin {
  readonly context: string
  readonly endpoint: string
  readonly version: string
  readonly tokenId?: string
  readonly user?: string
  readonly permittedPaths: number
  /** All ways into the cluster that are known now. */
  readonly endpoints: readonly string[]
  readonly durationMs: number
}

export const checkedLoginFields: readonly Column<CheckedLogin>[] = [
  {key: 'context'},
  {key: 'endpoint'},
  {key: 'version'},
  {key: 'tokenId', header: 'TOKEN'},
  {key: 'user'},
  {key: 'permittedPaths', header: 'PATHS WITH RIGHTS'},
  {key: 'endpoints'},
  {key: 'durationMs', header: 'TOOK', format: (value) => `${String(value)} ms`},
]

export interface ShownConfiguration {
  readonly files: readonly string[]
  readonly currentContext?: string
  readonly contexts: Readonly<Record<string, ContextRow>>
  readonly machineClasses: Configuration['machineClasses']
  readonly images?: NonNullable<Configuration['images']>
}

/** The whole configuration, without secrets. */
export function shownConfiguration(configuration: Configuration): ShownConfiguration {
  const {contexts, files, images, machineClasses} = configuration
  const current = currentOf(configuration)
  return {
    files,
    ...(current !== undefined && {currentContext: current}),
    contexts: Object.fromEntries(
      Object.entries(contexts).map(([name, context]) => [name, contextRow(context, current)]),
    ),
    machineClasses,
    ...(images !== undefined && {images}),
  }
}
