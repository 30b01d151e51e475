import {err, ok, type Result, type ResultAsync} from 'neverthrow'
import type {Clock} from '../domain/clock.js'
import {CLOUD_INIT_STATUS, cloudInitVerdict} from '../domain/cloud-init-status.js'
import type {Failure} from '../domain/failure.js'
import type {GuestAddress} from '../domain/guest-address.js'
import type {GuestNow} from '../domain/guest-now.js'
import {met, NO_AGENT, pending, type Verdict, type WaitCondition} from '../domain/wait-condition.js'
import type {GuestRef} from '../repositories/guest-repository.js'
import type {NodeLimit} from './node-limit.js'
import type {Patience} from './patience.js'

/** What a program in a guest came to. */
export interface ProgramResult {
  readonly exitCode: number
  readonly stdout: string
}

/** What of a guest can be asked through the cluster besides its state. */
export interface GuestSenses {
  /** Succeeds when the agent in a VM answers. */
  ping(guest: GuestRef): ResultAsync<unknown, Failure>
  /** The right one first; none while the guest has none. */
  addresses(guest: GuestRef): ResultAsync<readonly GuestAddress[], Failure>
  /** Runs a program through the agent and waits for its end. */
  run(guest: GuestRef, command: readonly string[], patience: Patience): ResultAsync<ProgramResult, Failure>
}

export interface ProbeLimits {
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/** `seen` says what came back, or why nothing did. */
export interface ProbeResult {
  readonly ok: boolean
  readonly seen: string
}

/** Connections from here to a guest. */
export interface NetworkProbe {
  /** Whether something accepts connections. */
  tcp(host: string, port: number, limits: ProbeLimits): Promise<ProbeResult>
  /**
   * Whether a GET is answered with a status below 400. Nothing secret is sent.
   * @param anyCertificate takes whatever certificate is shown: at a bare address none can be right
   */
  http(url: string, limits: ProbeLimits & {readonly anyCertificate: boolean}): Promise<ProbeResult>
}

/** Failures that asking again does not change. */
export const FATAL: ReadonlySet<Failure['kind']> = new Set<Failure['kind']>([
  'authentication',
  'certificate-changed',
  'certificate-untrusted',
  'not-supported',
  'permission',
  'usage',
])

const PROBE_MS = 3000

/** Finds out about conditions that a guest's state leaves open. */
export class GuestLook {
  constructor(
    private readonly senses: GuestSenses,
    private readonly probe: NetworkProbe,
    private readonly limit: NodeLimit,
    private readonly clock: Clock,
  ) {}

  /** One look at one guest: what several conditions need is asked once. */
  at(
    guest: GuestRef,
    now: GuestNow,
    patience: Patience,
  ): {judge(condition: WaitCondition): Promise<Failure | Verdict>} {
    let addresses: Promise<Result<readonly GuestAddress[], Failure>> | undefined
    const found = (): Promise<Result<readonly GuestAddress[], Failure>> =>
      (addresses ??= this.limit.run(guest.node, () => this.senses.addresses(guest)))
    return {
      judge: async (condition) => {
        switch (condition.kind) {
          case 'agent': {
            const answer = await this.limit.run(guest.node, () => this.senses.ping(guest))
            return answer.match(() => met('it answers'), unseen)
          }

          case 'cloud-init': {
            const run = (): ResultAsync<ProgramResult, Failure> => this.senses.run(guest, CLOUD_INIT_STATUS, patience)
            const answer = await this.limit.run(guest.node, run)
            return answer.match(({stdout}) => cloudInitVerdict(stdout), cloudInitUnseen)
          }

          case 'ip4':
          case 'ip6': {
            const family = condition.kind === 'ip4' ? 4 : 6
            return (await found()).match((all) => {
              // A static address of the configuration is a wish: only the guest knows whether it has it.
              const [first] = all.filter((each) => each.family === family && each.source !== 'config')
              return first === undefined ? pending('it has no such address') : met(first.address)
            }, unseen)
          }

          case 'tcp': {
            const host = hostIn(await found())
            if (host.isErr()) return host.error
            return verdict(await this.probe.tcp(host.value, condition.port, this.limits(patience)))
          }

          case 'http': {
            const host = hostIn(await found())
            if (host.isErr()) return host.error
            const {path, port, scheme} = condition
            const at = host.value.includes(':') ? `[${host.value}]` : host.value
            const url = `${scheme}://${at}${port === undefined ? '' : `:${port}`}${path}`
            return verdict(await this.probe.http(url, {...this.limits(patience), anyCertificate: true}))
          }

          case 'url': {
            return verdict(await this.probe.http(condition.url, {...this.limits(patience), anyCertificate: false}))
          }

          case 'lock-free':
          case 'running':
          case 'stopped': {
            return pending(now.status)
          }
        }
      },
    }
  }

  private limits({deadline, signal}: Patience): ProbeLimits {
    // The last look, at the deadline, gets a moment too.
    const left = Math.max(500, deadline - this.clock.now())
    return {timeoutMs: Math.min(PROBE_MS, left), ...(signal !== undefined && {signal})}
  }
}

function hostIn(found: Result<readonly GuestAddress[], Failure>): Result<string, Failure | Verdict> {
  if (found.isErr()) return err(unseen(found.error))
  const [first] = found.value
  return first === undefined ? err(pending('it has no address')) : ok(first.address)
}

function unseen(why: Failure): Failure | Verdict {
  const reason = why.details?.['reason']
  // The card whose address is wanted is not there: its failure lists those that are.
  if (FATAL.has(why.kind) || why.details?.['cards'] !== undefined) return why
  if (reason === 'agent-not-configured') return NO_AGENT
  return pending(reason === 'agent-not-answering' ? 'the guest agent does not answer' : why.message)
}

/** The agent could not start `cloud-init`: it is not there, and nobody will install it. */
function cloudInitUnseen(why: Failure): Failure | Verdict {
  return why.details?.['reason'] === 'no-such-program'
    ? {state: 'impossible', seen: 'cloud-init is not installed in the guest'}
    : unseen(why)
}

function verdict({ok: good, seen}: ProbeResult): Verdict {
  return good ? met(seen) : pending(seen)
}
