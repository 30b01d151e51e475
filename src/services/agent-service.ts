import {err, errAsync, ok, okAsync, ResultAsync, type Result} from 'neverthrow'
import type {AgentAnswers, AgentQuestion, TrimmedPath} from '../domain/agent-answer.js'
import {byteText} from '../domain/byte-text.js'
import type {Clock} from '../domain/clock.js'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import {agentCommand} from '../domain/shell-words.js'
import type {AgentRepository, CommandState} from '../repositories/agent-repository.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import {impatience, tellAnswer, type Patience} from './patience.js'
import {compareReleases, type ReleaseGate} from './release-gate.js'
import {following} from './relocation.js'

/** How much a command can be given on stdin; `input-data` of `POST …/agent/exec`. */
export const MAX_INPUT_BYTES = 64 * 1024

export interface CommandWish {
  /** The program and its arguments; no shell is involved. */
  readonly command: readonly string[]
  /** What it reads from stdin; nothing by default. */
  readonly input?: Uint8Array
}

/** How a command ended: with an exit code, or by a signal. */
export interface CommandEnd extends Omit<CommandState, 'exited'> {
  /** Its process id in the guest. */
  readonly pid: number
}

/** A command's first answers come fast, and one that lasts is not asked for all the time. */
const FIRST_POLL_MS = 40
const MOST_POLL_MS = 2000
/** The agent is busy, or the way to it is: asking again may help for so long. */
const SILENCE_MS = 30_000
const SILENT: ReadonlySet<unknown> = new Set(['agent-fell-silent', 'agent-not-answering', 'lost', 'not-connected'])

/** What the agent in a VM does for us. */
export class AgentService {
  constructor(
    private readonly cluster: ClusterRepository,
    private readonly agent: AgentRepository,
    private readonly releases: Pick<ReleaseGate, 'release'>,
    private readonly clock: Clock,
  ) {}

  ask<Question extends AgentQuestion>(vm: Guest, question: Question): ResultAsync<AgentAnswers[Question], Failure> {
    return this.on(vm, (now) => this.agent.ask(now, question))
  }

  /** Succeeds when the agent answers. */
  ping(vm: Guest): ResultAsync<unknown, Failure> {
    return this.on(vm, (now) => this.agent.order(now, 'ping'))
  }

  /** Asks the guest to shut down, and does not wait for it. */
  shutdown(vm: Guest): ResultAsync<unknown, Failure> {
    return this.on(vm, (now) => this.agent.order(now, 'shutdown'))
  }

  trim(vm: Guest): ResultAsync<TrimmedPath[], Failure> {
    return this.on(vm, (now) => this.agent.trim(now))
  }

  isFrozen(vm: Guest): ResultAsync<boolean, Failure> {
    return this.on(vm, (now) => this.agent.isFrozen(now))
  }

  /** Freezes the file systems of a VM, or thaws them; `changed: false` where they are so already. */
  freeze(vm: Guest, frozen: boolean): ResultAsync<{readonly changed: boolean; readonly fileSystems?: number}, Failure> {
    return this.isFrozen(vm).andThen((already) =>
      already === frozen
        ? okAsync({changed: false})
        : this.on(vm, (now) => this.agent.order(now, frozen ? 'fsfreeze-freeze' : 'fsfreeze-thaw')).map((count) => ({
            changed: true,
            ...(typeof count === 'number' && {fileSystems: count}),
          })),
    )
  }

  /**
   * Runs a command in a VM and waits for its end, however that is.
   * @returns `usage` for too much input, before anything is sent; `timeout` or `interrupted` with the pid while it goes on; `outcome-unknown` when
   * it was started and its end cannot be learned
   */
  exec(vm: Guest, wish: CommandWish, patience: Patience): ResultAsync<CommandEnd, Failure> {
    if ((wish.input?.length ?? 0) > MAX_INPUT_BYTES) return errAsync(tooMuchInput())
    const input = wish.input === undefined || wish.input.length === 0 ? undefined : byteText(wish.input)
    return this.releases
      .release()
      .map((release) => wordsFor(release, wish.command))
      .andThen((command) => this.on(vm, (now) => this.agent.start(now, command, input)))
      .mapErr((failed) => (failed.details?.reason === 'agent-fell-silent' ? perhapsStarted(failed) : failed))
      .andThen((pid) => new ResultAsync(this.end(vm, pid, patience)))
  }

  /** Calls the agent where the VM is now. A refusal names the command that helps. */
  on<T>(vm: Guest, call: (vm: Guest) => ResultAsync<T, Failure>): ResultAsync<T, Failure> {
    return following(this.cluster, vm, call).mapErr((failed) => withRemedy(failed, vm))
  }

  private async end(vm: Guest, pid: number, patience: Patience): Promise<Result<CommandEnd, Failure>> {
    let heard = this.clock.now()
    for (let attempt = 0; ; attempt++) {
      const delay = patience.pollIntervalMs ?? Math.min(MOST_POLL_MS, FIRST_POLL_MS * 1.5 ** attempt)
      await this.clock.sleep(delay, patience.signal)
      const gone = impatience(patience, this.clock, `process ${pid} in ${guestLabel(vm)}`)
      if (gone !== undefined) return err(goesOn(gone, vm, pid))
      const state = await this.on(vm, (now) => this.agent.state(now, pid))
      tellAnswer(patience, `${vm.vmid}:${pid}`, state)
      if (state.isOk()) {
        heard = this.clock.now()
        const {exited, ...rest} = state.value
        if (exited) return ok({pid, ...rest})
      } else if (state.error.kind === 'interrupted' || patience.signal?.aborted === true) {
        return err(goesOn(failure('interrupted', `interrupted while waiting for process ${pid}`), vm, pid))
      } else if (!SILENT.has(state.error.details?.reason) || this.clock.now() - heard > SILENCE_MS) {
        return err(lostSight(state.error, vm, pid))
      }
    }
  }
}

/** Before 8.0 the words travel as one text, each ended with NUL. */
function wordsFor(release: string, words: readonly string[]): readonly string[] | string {
  const command = agentCommand(words)
  return compareReleases(release, '8.0') >= 0 ? command : command.map((word) => `${word}\0`).join('')
}

function tooMuchInput(): Failure {
  return failure('usage', 'the input is larger than 64 KiB, which is all that the guest agent takes for a command', {
    hint: 'Copy it into the guest first (homelab proxmox vm file push), or use homelab proxmox vm ssh',
    details: {reason: 'input-too-large', maxBytes: MAX_INPUT_BYTES},
  })
}

function perhapsStarted(failed: Failure): Failure {
  return {...failed, kind: 'outcome-unknown', message: `${failed.message}. The command may run nevertheless`}
}

function goesOn(gone: Failure, vm: Guest, pid: number): Failure {
  const name = vm.name ?? vm.vmid
  return {
    ...gone,
    message: `${gone.message}; it goes on in the guest`,
    hint: `See what it does: homelab proxmox vm exec ${name} -- ps -fp ${pid}. End it: homelab proxmox vm exec ${name} -- kill ${pid}`,
    details: {...gone.details, vmid: vm.vmid, node: vm.node, pid},
  }
}

function lostSight(failed: Failure, vm: Guest, pid: number): Failure {
  return failure(
    'outcome-unknown',
    `process ${pid} was started in ${guestLabel(vm)}, but its end is unknown: ${failed.message}`,
    {
      hint: 'The guest was restarted, or its agent was. Look in the guest for what the command left behind',
      details: {...failed.details, vmid: vm.vmid, node: vm.node, pid},
    },
  )
}

/** The same failure, with the command that helps on this VM. */
export function withRemedy(failed: Failure, vm: Pick<Guest, 'name' | 'vmid'>): Failure {
  const name = vm.name ?? vm.vmid
  switch (failed.details?.reason) {
    case 'not-running': {
      return {...failed, hint: `Start it first: homelab proxmox vm start ${name}`}
    }

    case 'agent-not-configured': {
      return {
        ...failed,
        hint: `Switch it on (homelab proxmox vm config set ${name} agent=1), install qemu-guest-agent in the guest, and stop and start the VM`,
      }
    }

    case 'agent-frozen': {
      return {...failed, hint: `Thaw them: homelab proxmox vm agent fsfreeze thaw ${name}`}
    }

    case 'agent-not-answering':
    case 'agent-fell-silent': {
      return {
        ...failed,
        hint: `It may still be booting, or be paused: homelab proxmox vm show ${name}. Otherwise qemu-guest-agent is not installed in the guest, does not run or hangs: log in (homelab proxmox vm console ${name}) and start it with "systemctl restart qemu-guest-agent"`,
      }
    }

    default: {
      return failed
    }
  }
}
