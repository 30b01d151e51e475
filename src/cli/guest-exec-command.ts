import {Args, Flags} from '@oclif/core'
import {utf8Text} from '../domain/byte-text.js'
import {failure} from '../domain/failure.js'
import type {Guest, GuestType} from '../domain/guest.js'
import {BaseCommand} from './base-command.js'
import {readStdinBytes} from './byte-input.js'

const EXPLAIN_AFTER_MS = 2000

export const execFlags = {
  shell: Flags.boolean({
    description: "Let the guest's /bin/sh run the words as one command line: pipes, variables, globs.",
  }),
  stdin: Flags.boolean({
    allowNo: true,
    description: 'Hand stdin on to the command; the default where stdin is no terminal.',
  }),
}

export interface ExecFlags {
  readonly shell: boolean
  readonly stdin?: boolean | undefined
}

/** How a command in a guest ended. Without `stdout` and `stderr`, they have gone out already. */
export interface ExecEnd {
  readonly exitCode?: number
  readonly signal?: number
  readonly pid?: number
  readonly stdout?: Uint8Array
  readonly stderr?: Uint8Array
  readonly stdoutTruncated?: boolean
  readonly stderrTruncated?: boolean
}

/** Runs a command in a guest and ends as it did: what it printed goes out byte for byte, its exit code becomes ours. */
export abstract class GuestExecCommand<Flags extends ExecFlags = ExecFlags> extends BaseCommand {
  static override strict = false
  static override args = {
    name: Args.string({description: 'Name or VMID; the command and its arguments follow after --.', required: true}),
  }

  protected abstract readonly guestType: GuestType

  protected abstract execute(guest: Guest, command: readonly string[], flags: Flags): Promise<ExecEnd>

  override async run(): Promise<object> {
    const parsed = await this.parse()
    const flags = parsed.flags as unknown as Flags
    const [name = '', ...words] = parsed.argv as string[]
    if (words.length === 0) {
      const id = (this.id ?? '').replaceAll(':', ' ')
      this.fail(
        failure('usage', 'no command to run', {hint: `Name it after --: ${this.config.bin} ${id} ${name} -- uptime`}),
      )
    }

    const {guests} = await this.services()
    const guest = await this.unwrap(guests.find(this.guestType, name))
    const end = await this.execute(guest, flags.shell ? ['/bin/sh', '-c', words.join(' ')] : words, flags)
    // As shells do it: a command that a signal ended.
    this.endWith(end.exitCode ?? 128 + (end.signal ?? 0))
    if (this.printsBytes) await this.pass(end)
    return this.present(execDocument(guest, end), {text: ''})
  }

  /** Whether the command's own output is ours; other formats hold it in their document. */
  protected get printsBytes(): boolean {
    return this.format === 'table'
  }

  /** All of stdin where it is handed on, up to a byte more than fits. Who waits for its end without knowing is told so. */
  protected async stdinBytes(flags: ExecFlags, maxBytes: number): Promise<Uint8Array | undefined> {
    if (!(flags.stdin ?? !this.runtime.stdin.isTTY)) return undefined
    const waiting = setTimeout(
      () => this.note('waiting for the end of stdin, to hand it on; --no-stdin leaves it alone'),
      EXPLAIN_AFTER_MS,
    )
    const read = await readStdinBytes(this.runtime, maxBytes)
    clearTimeout(waiting)
    return this.unwrap(read)
  }

  private async pass({stdout, stderr, stdoutTruncated, stderrTruncated}: ExecEnd): Promise<void> {
    if (stdout !== undefined && stdout.length > 0) this.runtime.stdout.write(stdout)
    if (stderr !== undefined && stderr.length > 0) this.runtime.stderr.write(stderr)
    if (stdoutTruncated === true)
      await this.warning('the output was longer than the guest agent keeps: the rest is lost')
    if (stderrTruncated === true) await this.warning('stderr was longer than the guest agent keeps: the rest is lost')
  }
}

/** How a command in a guest ended, as JSON. */
export function execDocument({vmid, name, type, node}: Guest, end: ExecEnd): object {
  const {pid, exitCode, signal, stdout, stderr, stdoutTruncated, stderrTruncated} = end
  return {
    vmid,
    ...(name !== undefined && {name}),
    type,
    node,
    ...(pid !== undefined && {pid}),
    ...(exitCode !== undefined && {exitCode}),
    ...(signal !== undefined && {signal}),
    ...textOrBytes('stdout', stdout),
    ...textOrBytes('stderr', stderr),
    ...(stdoutTruncated === true && {stdoutTruncated}),
    ...(stderrTruncated === true && {stderrTruncated}),
  }
}

/** Text is text; what is no UTF-8 stands under another name in base64. */
function textOrBytes(name: string, bytes: Uint8Array | undefined): Record<string, string> {
  if (bytes === undefined) return {}
  const text = utf8Text(bytes)
  return text === undefined ? {[`${name}Base64`]: Buffer.from(bytes).toString('base64')} : {[name]: text}
}
