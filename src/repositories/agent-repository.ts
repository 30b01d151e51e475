import type {ResultAsync} from 'neverthrow'
import * as z from 'zod/mini'
import type {AgentAnswers, AgentOrder, AgentQuestion, TrimmedPath} from '../domain/agent-answer.js'
import {bytesOf} from '../domain/byte-text.js'
import type {Failure} from '../domain/failure.js'
import {guestLabel} from '../domain/guest.js'
import type {Connection} from '../proxmox/connection.js'
import {READERS, trimmedPaths} from './agent-answer.js'
import type {GuestRef} from './guest-repository.js'
import {ask, asFlag, asNumber, asText, present, record, type Fields} from './reply.js'

/** How a command in a guest is doing; `stdout` and `stderr` come with its end. */
export interface CommandState {
  readonly exited: boolean
  readonly exitCode?: number
  /** The number of the signal that ended it. */
  readonly signal?: number
  readonly stdout: Uint8Array
  readonly stderr: Uint8Array
  /** The agent keeps 16 MiB of an output, and drops the rest. */
  readonly stdoutTruncated: boolean
  readonly stderrTruncated: boolean
}

export interface FileContent {
  readonly bytes: Uint8Array
  /** The file goes on. */
  readonly truncated: boolean
}

const started = z.object({pid: z.union([z.number(), z.string()])})

/** The agent in a VM: `/nodes/{node}/qemu/{vmid}/agent/…` (reference 2.12). Whatever is sent is ASCII. */
export class AgentRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  ask<Question extends AgentQuestion>(vm: GuestRef, question: Question): ResultAsync<AgentAnswers[Question], Failure> {
    const what = question.replace(/^get-/, '')
    return ask(`ask the agent of ${guestLabel(vm)} for ${what}`, () => this.at(vm)[question].$get(), record).map(
      ({result}) => READERS[question](result),
    )
  }

  /** Whether its file systems are frozen; `POST …/fsfreeze-status`. */
  isFrozen(vm: GuestRef): ResultAsync<boolean, Failure> {
    return this.order(vm, 'fsfreeze-status').map((result) => result === 'frozen')
  }

  /** Discards what the file systems no longer need; `POST …/fstrim`. */
  trim(vm: GuestRef): ResultAsync<TrimmedPath[], Failure> {
    return this.order(vm, 'fstrim').map((result) => trimmedPaths(result))
  }

  /** `POST …/agent/{order}`. @returns what it answers: nothing, or after a freeze or thaw the number of file systems */
  order(vm: GuestRef, order: AgentOrder): ResultAsync<unknown, Failure> {
    return ask(
      `have the agent of ${guestLabel(vm)} do ${order}`,
      () => this.at(vm)[order].$post(),
      z.nullish(record),
    ).map((answer) => answer?.result)
  }

  /**
   * Starts a command; `POST …/exec`.
   * @param command its words; before 8.0 one text of them, each ended with NUL
   * @param input what it reads from stdin, each character one byte
   * @returns its process id in the guest
   */
  start(vm: GuestRef, command: readonly string[] | string, input?: string): ResultAsync<number, Failure> {
    const body = {command, ...(input !== undefined && {'input-data': input})}
    return ask(`start a command in ${guestLabel(vm)}`, () => this.at(vm).exec.$post(body as never), started).map(
      ({pid}) => Number(pid),
    )
  }

  /** `GET …/exec-status`. The end of a command is told only once. */
  state(vm: GuestRef, pid: number): ResultAsync<CommandState, Failure> {
    return ask(
      `see how process ${pid} in ${guestLabel(vm)} is doing`,
      () => this.at(vm)['exec-status'].$get({pid}),
      record,
    ).map((row) => stateFrom(row))
  }

  /** The first 16 MiB of a file; `GET …/file-read`. */
  readFile(vm: GuestRef, file: string): ResultAsync<FileContent, Failure> {
    return ask(`read ${file} in ${guestLabel(vm)}`, () => this.at(vm)['file-read'].$get({file}), record).map((row) => ({
      bytes: bytesOf(textOf(row.content)),
      truncated: asFlag(row.truncated),
    }))
  }

  /**
   * Makes a file, or replaces one; `POST …/file-write`.
   * @param content in base64, 61440 characters at most
   */
  writeFile(vm: GuestRef, file: string, content: string): ResultAsync<void, Failure> {
    return ask(
      `write ${file} in ${guestLabel(vm)}`,
      () => this.at(vm)['file-write'].$post({file, content, encode: false}),
      z.unknown(),
    ).map(() => {})
  }

  private at(vm: GuestRef) {
    return this.connection.api.nodes.$(vm.node).qemu.$(vm.vmid).agent
  }
}

function stateFrom(row: Fields): CommandState {
  return present({
    exited: asFlag(row.exited),
    exitCode: asNumber(row.exitcode),
    signal: asNumber(row.signal),
    stdout: bytesOf(textOf(row['out-data'])),
    stderr: bytesOf(textOf(row['err-data'])),
    stdoutTruncated: asFlag(row['out-truncated']),
    stderrTruncated: asFlag(row['err-truncated']),
  }) as CommandState
}

/** An output that looks like a number may come as one. */
function textOf(value: unknown): string {
  return asText(value) ?? ''
}
