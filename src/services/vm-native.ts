import {err, ok, type Result} from 'neverthrow'
import {decodeSshKeys} from '../domain/cloud-init.js'
import {failure, type Failure} from '../domain/failure.js'
import {guestCommand, type NativeLine} from '../domain/native-command.js'
import {rootOnlyOptions} from '../domain/root-options.js'
import {Secret} from '../domain/secret.js'
import type {VmOptions} from '../domain/vm-hardware.js'

/** `qm create` or `qm set`, after a line that asks for the secrets which it takes from shell variables. */
export function nativeOptions(node: string, verb: 'create' | 'set', vmid: number, options: VmOptions): NativeLine[] {
  const secrets = Object.keys(options).filter((key) => options[key] instanceof Secret)
  const plain = Object.fromEntries(
    Object.entries(options).map(([key, value]) => [
      key,
      key === 'sshkeys' && typeof value === 'string' ? decodeSshKeys(value) : value,
    ]),
  )
  return [
    ...secrets.map((key) => ({node, command: `read -rsp '${key}: ' ${key.toUpperCase()}`})),
    {node, command: guestCommand('qemu', verb, [vmid], plain)},
  ]
}

/** Refuses what the server would refuse to anybody but root@pam himself, with the line that does it. */
export function checkRootOnly(
  options: VmOptions,
  {node, rootLogin, vmid}: {readonly node: string; readonly rootLogin: boolean; readonly vmid: number | undefined},
): Result<void, Failure> {
  const forbidden = rootLogin ? [] : rootOnlyOptions(options)
  if (forbidden.length === 0) return ok(undefined)
  const own = Object.fromEntries(forbidden.map(({key}) => [key, options[key]]))
  const line = guestCommand('qemu', 'set', [vmid ?? 'VMID'], own)
  return err(
    failure(
      'permission',
      `only root@pam himself, with a password, may set ${forbidden.map(({key, why}) => `${key} (${why})`).join(' and ')}`,
      {
        hint: `Leave it out and do it afterwards on ${node}: ${line}; or log in as root@pam: homelab auth login URL --user root@pam`,
        details: {node, rootOnly: forbidden.map(({key}) => key), native: line},
      },
    ),
  )
}
