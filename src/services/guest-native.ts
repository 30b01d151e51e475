import {err, ok, type Result} from 'neverthrow'
import {decodeSshKeys} from '../domain/cloud-init.js'
import {failure, type Failure} from '../domain/failure.js'
import type {GuestOptions} from '../domain/guest-options.js'
import type {GuestType} from '../domain/guest.js'
import {guestCommand, type NativeLine} from '../domain/native-command.js'
import {Secret} from '../domain/secret.js'

/**
 * `qm set` and the like, after a line that asks for the secrets which it takes from shell variables.
 * @param operands what comes before the options: the VMID, and for `pct create` the file
 */
export function nativeOptions(
  type: GuestType,
  node: string,
  verb: 'create' | 'set',
  operands: readonly (number | string)[],
  options: GuestOptions,
): NativeLine[] {
  const secrets = Object.keys(options).filter((key) => options[key] instanceof Secret)
  const plain = Object.fromEntries(
    Object.entries(options).map(([key, value]) => [
      key,
      key === 'sshkeys' && typeof value === 'string' ? decodeSshKeys(value) : value,
    ]),
  )
  return [
    ...secrets.map((key) => ({node, command: `read -rsp '${key}: ' ${key.toUpperCase()}`})),
    {node, command: guestCommand(type, verb, operands, plain)},
  ]
}

/** What a login has to do with options that belong to root. */
export interface RootQuestion {
  readonly node: string
  /** Whether root@pam himself is logged in; no token is (reference 2.3). */
  readonly rootLogin: boolean
  /** What does it in a shell of the node. */
  readonly line: (forbidden: readonly string[]) => string
}

/** Refuses what the server would refuse to anybody but root@pam himself, with the line that does it. */
export function checkRootOnly(
  rootOnly: readonly {readonly key: string; readonly why: string}[],
  {line, node, rootLogin}: RootQuestion,
): Result<void, Failure> {
  if (rootLogin || rootOnly.length === 0) return ok(undefined)
  const keys = [...new Set(rootOnly.map(({key}) => key))]
  const native = line(keys)
  const what = rootOnly.map(({key, why}) => `${key} (${why})`).join(' and ')
  return err(
    failure('permission', `only root@pam himself, with a password, may set ${what}`, {
      hint: `Leave it out and do it on ${node}: ${native}; or log in as root@pam: homelab auth login URL --user root@pam`,
      details: {node, rootOnly: keys, native},
    }),
  )
}

/** Sets options of a guest that is there: `qm set 101 --hookscript …`. */
export function setLine(
  type: GuestType,
  vmid: number | undefined,
  options: GuestOptions,
): (keys: readonly string[]) => string {
  return (keys) =>
    guestCommand(type, 'set', [vmid ?? 'VMID'], Object.fromEntries(keys.map((key) => [key, options[key]])))
}
