import type {GuestType} from './guest.js'
import {Secret} from './secret.js'

/** The value of one option: a list becomes one option for each of its values, a secret a shell variable. */
export type NativeValue = boolean | number | Secret | string | readonly (number | string)[] | undefined
export type NativeOptions = Readonly<Record<string, NativeValue>>

/** A line for a shell on a node. `qm` and `pct` know the guests of their own node only; `pvesh` those of all. */
export interface NativeLine {
  readonly node: string
  readonly command: string
}

/** API calls below `/nodes/{node}/{type}/{vmid}` whose verb in `qm` and `pct` is another word. */
const VERBS: Readonly<Record<string, string>> = {delete: 'destroy'}

/** Options that these tools read from a file, where the API takes the text itself. */
const FROM_FILE: ReadonlySet<string> = new Set(['ssh-public-keys', 'sshkeys'])

/**
 * What does the same in a shell on the guest's node: `qm shutdown 100 --timeout 60`.
 * @param verb of the tool, or the API's word for it: `delete` is `destroy`
 * @param operands what comes before the options: `[100]`, `[100, 101]` for a clone
 * @param options the API's parameters by their names; `sshkeys` as plain text, not percent-encoded
 */
export function guestCommand(
  type: GuestType,
  verb: string,
  operands: readonly (number | string)[],
  options: NativeOptions = {},
): string {
  return [
    type === 'qemu' ? 'qm' : 'pct',
    VERBS[verb] ?? verb,
    ...operands.map((operand) => shellWord(String(operand))),
    ...Object.entries(options).flatMap(([name, value]) => option(name, value, FROM_FILE.has(name))),
  ].join(' ')
}

/**
 * The same for any API path, from any node of the cluster: `pvesh create /pools --poolid lab`.
 * @param path below `/api2/json`
 */
export function pveshCommand(
  method: 'delete' | 'get' | 'post' | 'put',
  path: string,
  options: NativeOptions = {},
): string {
  const verb = {delete: 'delete', get: 'get', post: 'create', put: 'set'}[method]
  return [
    'pvesh',
    verb,
    shellWord(path),
    ...Object.entries(options).flatMap(([name, value]) => option(name, value, false)),
  ].join(' ')
}

/**
 * The same for storages, from any node of the cluster: `pvesm add dir files --path /srv/files`.
 * @param operands what comes before the options: `[dir, files]` for `add`
 */
export function pvesmCommand(
  verb: 'add' | 'remove' | 'set',
  operands: readonly string[],
  options: NativeOptions = {},
): string {
  return [
    'pvesm',
    verb,
    ...operands.map((operand) => shellWord(operand)),
    ...Object.entries(options).flatMap(([name, value]) => option(name, value, false)),
  ].join(' ')
}

/** Lines for people, each node's under its name. */
export function nativeScript(lines: readonly NativeLine[]): string {
  let node: string | undefined
  return lines
    .flatMap((line) => {
      const heading = line.node === node ? [] : [`# on ${line.node}`]
      node = line.node
      return [...heading, line.command]
    })
    .join('\n')
}

function option(name: string, value: NativeValue, fromFile: boolean): string[] {
  if (value === undefined) return []
  if (value instanceof Secret) return [`--${name} "$${name.toUpperCase().replaceAll('-', '_')}"`]
  if (typeof value === 'boolean') return [`--${name} ${Number(value)}`]
  if (typeof value === 'object') return value.map((one) => `--${name} ${shellWord(String(one))}`)
  const word = shellWord(String(value))
  return [`--${name} ${fromFile ? `<(printf '%s\\n' ${word})` : word}`]
}

/** One word of a POSIX shell, in single quotes only where it needs them. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
