import type {CreationDefaults} from '../domain/creation-defaults.js'
import type {CloudImage} from '../domain/image-catalogue.js'
import type {Secret} from '../domain/secret.js'

/** Where a secret comes from. Only `value` holds one; it hides itself when printed. */
export type SecretSource =
  | {readonly kind: 'command'; readonly argv: readonly string[]}
  | {readonly kind: 'env'; readonly variable: string}
  | {readonly kind: 'file'; readonly path: string}
  | {readonly kind: 'value'; readonly value: Secret}

/** Who logs in. A user without a password source is asked for it. */
export type Login =
  | {readonly kind: 'token'; readonly id: string; readonly secret: SecretSource}
  | {readonly kind: 'password'; readonly username: string; readonly password?: SecretSource}

/** How the server is known. */
export type TrustSetting =
  | {readonly kind: 'pin'; readonly fingerprint: string}
  | {readonly kind: 'ca'; readonly file: string}
  | {readonly kind: 'system'}

export interface MachineClass extends CreationDefaults {
  readonly template?: string
  /** Volume or address of a disk image; stands instead of a template. */
  readonly image?: string
  /** Binding: no other node will do. */
  readonly node?: string
  /** How many are made where nobody says how many. */
  readonly count?: number
  /** Never two that are called alike on one node: `cp-1` and `cp-2`. */
  readonly spread?: boolean
}

/** One cluster, and how to reach it. */
export interface ContextSettings {
  readonly name: string
  /** The file it stands in; absent when environment variables define it. */
  readonly file?: string
  /** In the order they are tried, `https://host:port`. */
  readonly endpoints: readonly string[]
  readonly trust: TrustSetting
  readonly login?: Login
  readonly defaults: CreationDefaults
  /** Overrides of the defaults, by node. */
  readonly nodes: Readonly<Record<string, CreationDefaults>>
  /** See `PlacementPolicy`; a share, 1 is all. */
  readonly memoryCeiling?: number
  /** How OpenSSH reaches the nodes, for what the API cannot do. */
  readonly ssh?: SshSettings
}

/** What is absent is left to OpenSSH's own configuration; the user is root then. */
export interface SshSettings {
  readonly user?: string
  readonly port?: number
  readonly identityFile?: string
  /** Names or addresses by node, instead of those by which the cluster knows its nodes. */
  readonly hosts?: Readonly<Record<string, string>>
}

/** What one file says, checked and in one spelling. */
export interface FileSettings {
  readonly currentContext?: string
  readonly contexts: Readonly<Record<string, ContextSettings>>
  readonly machineClasses: Readonly<Record<string, MachineClass>>
  /** The user's own images for templates, by name. */
  readonly images?: Readonly<Record<string, CloudImage>>
}

/** Everything the files say together: the project file's contexts, classes and images replace those of the same name in the user file. */
export interface Configuration extends FileSettings {
  /** The files that were read, most important first. */
  readonly files: readonly string[]
}

/** True when the file itself holds a secret, so that nobody else may read it and no copy may be made. */
export function holdsSecret(settings: FileSettings): boolean {
  return Object.values(settings.contexts).some(({login}) => {
    const source = login?.kind === 'token' ? login.secret : login?.password
    return source?.kind === 'value'
  })
}
