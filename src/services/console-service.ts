import {err, errAsync, ok, okAsync, ResultAsync, type Result} from 'neverthrow'
import type {Clock} from '../domain/clock.js'
import {beforeKey} from '../domain/escape-key.js'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, guestNoun, type Guest} from '../domain/guest.js'
import {serialPortIn} from '../domain/serial-port.js'
import {closest} from '../domain/suggest.js'
import {outcomeOf} from '../domain/task.js'
import type {Terminal, TerminalEnd, TerminalSize} from '../domain/terminal.js'
import {readUpid} from '../domain/upid.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {ConsoleRepository, WaitingConsole} from '../repositories/console-repository.js'
import type {GuestRepository} from '../repositories/guest-repository.js'
import type {TaskRepository} from '../repositories/task-repository.js'

/** Whoever sits in front of a console. */
export interface ConsoleStreams {
  /** Turns to the console, until the returned function is called. */
  begin(): () => void
  /**
   * Calls back with what is typed, piece by piece, and with undefined at its end, until the returned function is called. The next piece waits until the
   * promise for the last one is settled.
   */
  onInput(take: (bytes: Uint8Array | undefined) => Promise<void>): () => void
  /** Shows something; a promise when there is so much that it has to be waited for. */
  write(bytes: Uint8Array): Promise<void> | undefined
  /** Undefined where there is no screen. */
  size(): TerminalSize | undefined
  /** Calls back when the size has changed, until the returned function is called. */
  onResize(changed: () => void): () => void
}

export interface ConsoleWish {
  /** The byte that leaves the console. */
  readonly escape: number | undefined
  /** How long to look on after the end of the input, without anything new to see. */
  readonly lingerMs: number
  readonly signal: AbortSignal
}

/** Why a visit is over: the console was left, it ended by itself, or there was nothing more to type. */
export type ConsoleEnd = 'closed' | 'detached' | 'input-ended'

type Serial = {readonly name: string} | {readonly refusal: Failure}

/** The task of a console ends a moment after its connection. */
const TASK_END_MS = 3000
const TASK_POLL_MS = 200

/** Consoles of guests and shells of nodes. */
export class ConsoleService {
  constructor(
    private readonly consoles: ConsoleRepository,
    private readonly guests: GuestRepository,
    private readonly cluster: ClusterRepository,
    private readonly tasks: TaskRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * Opens the console of a guest that runs; nothing is opened where there would be nothing to see.
   * @param serial the port of a VM that has several
   */
  openGuest(guest: Guest, serial?: string): ResultAsync<WaitingConsole, Failure> {
    return this.guests.status(guest).andThen((status) => {
      if (status === 'stopped') return errAsync(notRunning(guest))
      if (guest.type === 'lxc') return this.consoles.openGuest(guest)
      return this.serialOf(guest, serial).andThen((port) =>
        'refusal' in port ? errAsync(port.refusal) : this.consoles.openGuest(guest, port.name),
      )
    })
  }

  /** Opens a shell on a node. */
  openNode(name: string): ResultAsync<WaitingConsole, Failure> {
    return this.cluster.resources('node').andThen(({nodes}) => {
      const node = nodes.find((candidate) => candidate.node === name)
      if (node === undefined)
        return errAsync(
          noSuchNode(
            name,
            nodes.map(({node: known}) => known),
          ),
        )
      if (node.status === 'offline')
        return errAsync(
          failure('node-offline', `node ${name} is offline`, {hint: 'See the nodes: homelab proxmox node list'}),
        )
      return this.consoles.openNode(name)
    })
  }

  /** Joins a console and stays until it is left or ends. */
  visit(waiting: WaitingConsole, streams: ConsoleStreams, wish: ConsoleWish): ResultAsync<ConsoleEnd, Failure> {
    return new ResultAsync(this.stay(waiting, streams, wish))
  }

  private async stay(
    waiting: WaitingConsole,
    streams: ConsoleStreams,
    wish: ConsoleWish,
  ): Promise<Result<ConsoleEnd, Failure>> {
    let begun!: () => void
    const beginning = new Promise<void>((resolve) => {
      begun = resolve
    })
    let shownAt = this.clock.now()
    const onOutput = async (bytes: Uint8Array): Promise<void> => {
      await beginning
      shownAt = this.clock.now()
      await streams.write(bytes)
    }

    const joined = await this.consoles.join(waiting, {onOutput, signal: wish.signal})
    if (joined.isErr()) return err(joined.error)
    if (joined.value === undefined) return err(await this.turnedDown(waiting))
    const terminal = joined.value
    const end = streams.begin()
    begun()
    try {
      const how = await this.together(terminal, streams, wish, () => shownAt)
      if (how === 'interrupted') return err(failure('interrupted', `left ${waiting.what}`))
      if (how === 'detached' || how === 'input-ended') return ok(how)
      return await this.explainEnd(waiting, how)
    } finally {
      end()
      await terminal.close()
    }
  }

  /** Passes on what is typed and the size of the screen, until something ends it. */
  private async together(
    terminal: Terminal,
    streams: ConsoleStreams,
    {escape, lingerMs, signal}: ConsoleWish,
    shownAt: () => number,
  ): Promise<Exclude<ConsoleEnd, 'closed'> | TerminalEnd | 'interrupted'> {
    const tellSize = (): void => {
      const size = streams.size()
      if (size) terminal.resize(size)
    }

    const undo: (() => void)[] = []
    const left = new Promise<'detached' | 'input-ended' | 'interrupted'>((resolve) => {
      const interrupt = (): void => resolve('interrupted')
      if (signal.aborted) interrupt()
      signal.addEventListener('abort', interrupt)
      undo.push(
        () => signal.removeEventListener('abort', interrupt),
        streams.onResize(tellSize),
        streams.onInput(async (bytes) => {
          if (bytes === undefined) {
            await this.quiet(shownAt, lingerMs, signal)
            resolve('input-ended')
            return
          }

          const {before, found} = beforeKey(bytes, escape)
          await terminal.write(before)
          if (found) resolve('detached')
        }),
      )
    })
    tellSize()
    try {
      return await Promise.race([left, terminal.closed])
    } finally {
      for (const each of undo) each()
    }
  }

  /** Waits until nothing new has been shown for so long. */
  private async quiet(shownAt: () => number, lingerMs: number, signal: AbortSignal): Promise<void> {
    const since = this.clock.now()
    for (;;) {
      const left = Math.max(since, shownAt()) + lingerMs - this.clock.now()
      if (left <= 0 || signal.aborted) return
      await this.clock.sleep(left, signal)
    }
  }

  /** A console ends without a word, and so does a connection that breaks: the console's task knows which it was. */
  private async explainEnd({upid, what}: WaitingConsole, how: TerminalEnd): Promise<Result<ConsoleEnd, Failure>> {
    const lost = failure('unreachable', `the connection to ${what} broke`, {
      hint: 'What runs there goes on. Come back with the same command',
      details: {reason: 'lost'},
    })
    const read = readUpid(upid)
    if (how === 'lost' || read.isErr()) return err(lost)
    const deadline = this.clock.now() + TASK_END_MS
    for (;;) {
      const status = await this.tasks.status(read.value)
      if (status.isErr()) return err(lost)
      if (!status.value.running) {
        const exitStatus = status.value.exitStatus ?? ''
        if (outcomeOf(exitStatus) !== 'failed') return ok('closed')
        return err(failure('task-failed', `${what} was ended: ${exitStatus}`, {...seeLog(upid), upid}))
      }

      if (this.clock.now() >= deadline) return err(lost)
      await this.clock.sleep(TASK_POLL_MS)
    }
  }

  private async turnedDown({upid, user, what}: WaitingConsole): Promise<Failure> {
    const log = await readUpid(upid).asyncAndThen((read) => this.tasks.log(read))
    const lines = log.unwrapOr([])
    const message = `${what} did not take the ticket it was opened with`
    const extras = {upid, taskLog: lines, details: {reason: 'ticket-refused'}}
    return user.includes('!')
      ? failure('authentication', message, {
          ...extras,
          hint: 'Before Proxmox VE 9 a console takes no API token; log in with user and password: homelab auth login URL --user NAME@REALM',
        })
      : failure('authentication', message, {...extras, ...seeLog(upid)})
  }

  private serialOf(vm: Guest, asked: string | undefined): ResultAsync<Serial, Failure> {
    return this.consoles.liveConfig(vm).andThen((config) => {
      const found = serialPortIn(config, asked)
      if (found !== undefined) return okAsync<Serial, Failure>({name: found})
      const wanted = asked ?? 'serial0'
      if (config[wanted] !== undefined) return okAsync<Serial, Failure>({refusal: wrongSerial(vm, wanted)})
      return this.guests
        .config(vm)
        .map((next): Serial => ({refusal: noSerial(vm, wanted, serialPortIn(next, asked) !== undefined)}))
    })
  }
}

function notRunning(guest: Guest): Failure {
  const topic = guest.type === 'lxc' ? 'lxc' : 'vm'
  return guest.template
    ? failure('refused', `${guestLabel(guest)} is a template and has no console`, {
        hint: `Make a ${guestNoun(guest.type)} of it: homelab proxmox ${topic} create NAME ${nameOf(guest)}`,
        details: {reason: 'template'},
      })
    : failure('refused', `${guestLabel(guest)} does not run, so there is no console`, {
        hint: `Start it: homelab proxmox ${topic} start ${nameOf(guest)}`,
        details: {reason: 'not-running'},
      })
}

function noSerial(vm: Guest, port: string, pending: boolean): Failure {
  const restart = `homelab proxmox vm reboot ${nameOf(vm)}`
  return pending
    ? failure('refused', `${guestLabel(vm)} gets its serial port at the next start only`, {
        hint: `Restart it: ${restart}`,
        details: {reason: 'serial-port-pending'},
      })
    : failure('refused', `${guestLabel(vm)} has no serial port for a console`, {
        hint: `Add one, which it has from its next start on: homelab proxmox vm config set ${nameOf(vm)} ${port}=socket, then ${restart}`,
        details: {reason: 'no-serial-port'},
      })
}

function wrongSerial(vm: Guest, port: string): Failure {
  return failure(
    'refused',
    `${port} of ${guestLabel(vm)} is passed through to hardware, so there is no console on it`,
    {
      hint: `Use a port of its own: homelab proxmox vm config set ${nameOf(vm)} ${port === 'serial0' ? 'serial1' : 'serial0'}=socket`,
      details: {reason: 'no-serial-port'},
    },
  )
}

function noSuchNode(name: string, known: readonly string[]): Failure {
  const near = closest(name, known)
  return failure('not-found', `there is no node "${name}"`, {
    hint: `${near === undefined ? '' : `Did you mean ${near}? `}See the nodes: homelab proxmox node list`,
  })
}

const nameOf = ({name, vmid}: Guest): string => name ?? String(vmid)

const seeLog = (upid: string): {hint: string} => ({hint: `See its log: homelab proxmox task log ${upid}`})
