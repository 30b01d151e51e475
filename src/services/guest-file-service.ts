import {createHash} from 'node:crypto'
import {errAsync, ok, okAsync, ResultAsync, type Result} from 'neverthrow'
import {utf8Text} from '../domain/byte-text.js'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import {isPlainWord} from '../domain/shell-words.js'
import type {AgentRepository} from '../repositories/agent-repository.js'
import type {AgentService, CommandEnd} from './agent-service.js'
import type {Patience} from './patience.js'

/** What one request brings into a VM: in base64 and as a form it stays below the 64 KiB that older servers take. */
export const PIECE_BYTES = 42 * 1024
/** Several hundred requests, some minutes; what is larger goes over SSH. */
export const MAX_PUSH_BYTES = 16 * 1024 * 1024

const CHECK = 'command -v base64 >/dev/null 2>&1 && command -v sha256sum >/dev/null 2>&1 || exit 90; : >"$1"'
const APPEND = 'base64 -d >>"$1"'
const FINISH =
  'if [ "$(sha256sum <"$1" | cut -c 1-64)" != "$3" ]; then rm -f -- "$1"; exit 91; fi; cat -- "$1" >"$2" && rm -f -- "$1"'
const FORGET = 'rm -f -- "$1"'

export interface PushedFile {
  readonly bytes: number
  readonly sha256: string
  /** `file-write`: in one piece by the agent itself; `exec`: in pieces by the guest's shell, and compared by checksum there. */
  readonly via: 'exec' | 'file-write'
}

/** Files in VMs, through the guest agent. */
export class GuestFileService {
  constructor(
    private readonly service: AgentService,
    private readonly agent: Pick<AgentRepository, 'readFile' | 'writeFile'>,
    /** A word that no other call gets, for names of temporary files. */
    private readonly unique: () => string,
  ) {}

  /**
   * Writes a file in a VM. One that exists keeps its owner and mode. What does not fit into one request is put together beside it by the guest's
   * shell, compared by its SHA-256 and then copied to its place.
   * @returns `refused` past 16 MiB, before anything is sent
   */
  push(vm: Guest, path: string, content: Uint8Array, patience: Patience): ResultAsync<PushedFile, Failure> {
    if (content.length > MAX_PUSH_BYTES) return errAsync(tooLarge(vm, `what goes to ${path}`))
    const sha256 = createHash('sha256').update(content).digest('hex')
    const bytes = content.length
    // Proxmox VE mangles other paths on the way to the agent; the shell gets them unharmed.
    if (bytes <= PIECE_BYTES && isPlainWord(path)) {
      return this.service
        .on(vm, (now) => this.agent.writeFile(now, path, base64(content)))
        .map(() => ({bytes, sha256, via: 'file-write' as const}))
    }

    return new ResultAsync(this.pushInPieces(vm, path, content, sha256, patience)).map(() => ({
      bytes,
      sha256,
      via: 'exec' as const,
    }))
  }

  /** The content of a file in a VM. @returns `refused` past 16 MiB, which is all that Proxmox VE hands out */
  pull(vm: Guest, path: string, patience: Patience): ResultAsync<Uint8Array, Failure> {
    const read = isPlainWord(path)
      ? this.service.on(vm, (now) => this.agent.readFile(now, path))
      : this.shell(vm, 'cat -- "$1"', [path], patience).map(({stdout, stdoutTruncated}) => ({
          bytes: stdout,
          truncated: stdoutTruncated,
        }))
    return read.andThen(({bytes, truncated}) => (truncated ? errAsync(tooLarge(vm, path)) : okAsync(bytes)))
  }

  private async pushInPieces(
    vm: Guest,
    path: string,
    content: Uint8Array,
    sha256: string,
    patience: Patience,
  ): Promise<Result<void, Failure>> {
    const part = `${path}.homelab-${this.unique()}`
    const begun = await this.shell(vm, CHECK, [part], patience)
    if (begun.isErr()) return begun.map(() => {})
    for (let at = 0; at < content.length; at += PIECE_BYTES) {
      const piece = new TextEncoder().encode(base64(content.subarray(at, at + PIECE_BYTES)))
      patience.onStep?.({text: `copying to ${guestLabel(vm)}`, fraction: at / content.length})
      const appended = await this.shell(vm, APPEND, [part], patience, piece)
      if (appended.isErr()) {
        // Best effort: the failure to report is the first one.
        await this.shell(vm, FORGET, [part], {deadline: patience.deadline})
        return appended.map(() => {})
      }
    }

    return (await this.shell(vm, FINISH, [part, path, sha256], patience)).andThen(() => ok(undefined))
  }

  /** Runs a script that must end well. */
  private shell(
    vm: Guest,
    script: string,
    words: readonly string[],
    patience: Patience,
    input?: Uint8Array,
  ): ResultAsync<CommandEnd, Failure> {
    const command = ['/bin/sh', '-c', script, 'sh', ...words]
    return this.service
      .exec(vm, {command, ...(input !== undefined && {input})}, patience)
      .andThen((end) => (end.exitCode === 0 ? okAsync(end) : errAsync(scriptFailed(vm, words, end))))
  }
}

/** What a shell in a guest says of a file, as a failure. */
export function fileFailure(guest: Pick<Guest, 'name' | 'type' | 'vmid'>, path: string, said: string): Failure {
  const message = `${path} in ${guestLabel(guest)}: ${said === '' ? 'it cannot be read or written' : said}`
  if (/No such file or directory|Directory nonexistent|nonexistent directory/.test(said)) {
    return failure('not-found', message, {
      hint: 'Give the whole path, from the root',
      details: {reason: 'no-such-file', path},
    })
  }

  if (/Permission denied|Read-only file system|Operation not permitted/.test(said)) {
    return failure('permission', message, {details: {reason: 'file-not-permitted', path}})
  }

  if (/No space left|quota exceeded/i.test(said)) {
    return failure('no-capacity', message, {hint: 'Make room in the guest', details: {reason: 'guest-full', path}})
  }

  return failure('conflict', message, {details: {reason: 'file-not-opened', path}})
}

function scriptFailed(vm: Guest, [path = '']: readonly string[], {exitCode, stderr}: CommandEnd): Failure {
  if (exitCode === 90) {
    return failure('not-supported', `${guestLabel(vm)} has no base64 or no sha256sum, which larger files need`, {
      hint: `Copy it over SSH: homelab proxmox vm ip ${vm.name ?? vm.vmid} prints the address for scp`,
      details: {reason: 'no-tools'},
    })
  }

  if (exitCode === 91) {
    return failure('unexpected', `${path} in ${guestLabel(vm)} arrived with another checksum, and was removed again`, {
      hint: 'Try again',
      details: {reason: 'checksum'},
    })
  }

  return fileFailure(vm, path, (utf8Text(stderr) ?? '').trim().split('\n').at(-1) ?? '')
}

function tooLarge(vm: Guest, what: string): Failure {
  return failure(
    'refused',
    `${what} is larger than 16 MiB, which is more than the guest agent of ${guestLabel(vm)} can pass on`,
    {
      hint: `Copy it over SSH: homelab proxmox vm ip ${vm.name ?? vm.vmid} prints the address for scp`,
      details: {reason: 'file-too-large', maxBytes: MAX_PUSH_BYTES},
    },
  )
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
