import {err, ok, type Result} from 'neverthrow'
import type {ClusterMember} from '../domain/cluster.js'
import {failure, type Failure} from '../domain/failure.js'
import type {DrainJournal} from '../domain/drain-journal.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import {takesMemory} from '../domain/placement-facts.js'
import {keepsQuorum} from '../domain/vote-count.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {GuestRepository} from '../repositories/guest-repository.js'
import type {NodePowerRepository} from '../repositories/node-power-repository.js'
import type {NodeRepository} from '../repositories/node-repository.js'
import type {JournalStore} from './journal-keeper.js'
import {impatience, type Patience, type Timing} from './patience.js'

export type NodePowerVerb = 'reboot' | 'shutdown' | 'wake'

export interface NodePowerChange {
  readonly node: string
  readonly verb: NodePowerVerb
  /** `asked`: nobody waited. `back`: booted anew, a member of the cluster again, and it reports figures. */
  readonly state: 'asked' | 'back' | 'off' | 'online'
  readonly changed: boolean
  readonly seconds: number
}

const POLL_MS = 2000
/** What one hears of a cluster while one of its nodes goes and comes. */
const PASSING: ReadonlySet<Failure['kind']> = new Set([
  'node-offline',
  'outcome-unknown',
  'protocol-error',
  'unreachable',
])

interface Seen {
  /** The others hear it. */
  readonly member: boolean
  /** It reports figures, too. */
  readonly online: boolean
  /** There are no others. */
  readonly alone: boolean
  readonly uptimeSeconds?: number
}

/** Switching nodes off and on, without hurting what runs there or the quorum of the cluster. */
export class NodePowerService {
  constructor(
    private readonly cluster: Pick<ClusterRepository, 'resources' | 'status'>,
    private readonly guests: Pick<GuestRepository, 'status'>,
    private readonly nodes: Pick<NodeRepository, 'quorumDevice' | 'votes'>,
    private readonly machines: Pick<NodePowerRepository, 'command' | 'wake'>,
    private readonly journals: (node: string) => Pick<JournalStore, 'read'>,
    private readonly timing: Timing,
  ) {}

  /**
   * Whether there is anything to do, and why it should not be done now: guests run there that no drain left there on purpose, or the cluster would lose quorum.
   * Sends GET requests only.
   * @returns false where it is so already; `refused`, `no-quorum`, `not-found`, `node-offline`
   */
  async check(verb: NodePowerVerb, node: string, force: boolean): Promise<Result<boolean, Failure>> {
    const status = await this.cluster.status()
    if (status.isErr()) return err(status.error)
    const {cluster, members} = status.value
    const member = members.find((one) => one.node === node)
    if (member === undefined) return err(noSuchNode(node, members))
    if (verb === 'wake') return ok(!member.online)
    if (!member.online) {
      return verb === 'shutdown'
        ? ok(false)
        : err(
            failure('node-offline', `the node ${node} is offline`, {
              hint: `Switch it on: homelab proxmox node wake ${node}`,
              details: {node},
            }),
          )
    }

    if (force) return ok(true)
    const look = await this.cluster.resources()
    if (look.isErr()) return err(look.error)
    const journal = this.journals(node).read()
    if (journal.isErr()) return err(journal.error)
    const here = await this.running(
      look.value.guests.filter((guest) => guest.node === node && takesMemory(guest)),
      journal.value,
    )
    if (here.length > 0) {
      const single = members.length < 2
      return err(
        failure('refused', `guests run on ${node}: ${here.map((guest) => guestLabel(guest)).join(', ')}`, {
          hint: single
            ? 'Shut them down first, or say --force: Proxmox VE then shuts them down as it goes'
            : `Move them away first: homelab proxmox node drain ${node}; or say --force`,
          details: {node, guests: here.map(({vmid}) => vmid)},
        }),
      )
    }

    // The last one of a cluster takes nobody's quorum away.
    if (cluster === undefined || members.length < 2) return ok(true)
    // Who may not read the votes counts one for each, and no quorum device.
    const votes = (await this.nodes.votes()).unwrapOr(new Map<string, number>())
    const device = (await this.nodes.quorumDevice(members.length)).unwrapOr(undefined)
    const {all, keeps, left} = keepsQuorum(members, node, votes, device)
    return keeps
      ? ok(true)
      : err(
          failure('no-quorum', `without ${node} the cluster has no quorum: ${left} of ${all} votes are left`, {
            hint: 'Bring the other nodes back first (homelab proxmox cluster status), or say --force',
            details: {node, votesLeft: left, votes: all},
          }),
        )
  }

  /** Without those that a drain left there on purpose, and those that it shut down: the list of guests is some seconds old. */
  private async running(guests: readonly Guest[], journal: DrainJournal | undefined): Promise<Guest[]> {
    if (journal?.phase !== 'drained') return [...guests]
    const left = new Set(journal.left)
    const shut = new Set(journal.steps.filter(({action}) => action === 'shutdown').map(({vmid}) => vmid))
    const found: Guest[] = []
    for (const guest of guests) {
      if (left.has(guest.vmid)) continue
      const status = shut.has(guest.vmid) ? (await this.guests.status(guest)).unwrapOr('unknown') : guest.status
      if (status !== 'stopped') found.push(guest)
    }

    return found
  }

  /** Does it, and waits until it is so, where `wait` says so. */
  async run(
    verb: NodePowerVerb,
    node: string,
    wait: boolean,
    patience: Patience,
  ): Promise<Result<NodePowerChange, Failure>> {
    const before = await this.see(node)
    if (before.isErr()) return err(before.error)
    // Who is a member needs no packet, even if it reports no figures yet.
    if (verb === 'wake' && before.value.member) {
      return ok({node, verb, state: 'online', changed: false, seconds: 0})
    }

    if (verb === 'shutdown' && !before.value.member) {
      return ok({node, verb, state: 'off', changed: false, seconds: 0})
    }

    const sentAt = this.timing.now()
    const sent: Result<unknown, Failure> = await (verb === 'wake'
      ? this.machines.wake(node)
      : this.machines.command(node, verb))
    // A node that answers in person may be gone before its answer is through.
    if (sent.isErr() && (verb === 'wake' || sent.error.kind !== 'outcome-unknown')) return err(sent.error)
    if (!wait) return ok({node, verb, state: 'asked', changed: true, seconds: 0})
    const goal = verb === 'shutdown' ? 'off' : 'back'
    const what = verb === 'shutdown' ? `${node} to go off` : `${node} to come back`
    patience.onStep?.({text: `waiting for ${what}`})
    let wasOff = !before.value.online
    const stopped = (): Failure | undefined => {
      const gone = impatience(patience, this.timing, what)
      return gone && {...gone, details: {node}, hint: 'It was asked for, and goes on. See: homelab proxmox node list'}
    }

    for (;;) {
      const seen = await this.see(node)
      // Whoever is interrupted while it asks has learned nothing.
      if (seen.isErr() && patience.signal?.aborted === true) return err(stopped() ?? seen.error)
      const elapsed = this.timing.now() - sentAt
      if (seen.isErr() && !PASSING.has(seen.error.kind)) return err(seen.error)
      // A server that stands alone is not heard of at all while it is off.
      const online = seen.isOk() && seen.value.online
      const uptime = seen.isOk() ? seen.value.uptimeSeconds : undefined
      const done =
        goal === 'off'
          ? seen.match(
              ({member}) => !member,
              () => before.value.alone,
            )
          : online &&
            uptime !== undefined &&
            // Who was no member and is one with figures has come back, however its clock runs.
            (verb === 'wake' || isNewBoot(uptime, elapsed, wasOff, before.value.uptimeSeconds))
      if (done) return ok({node, verb, state: goal, changed: true, seconds: Math.round(elapsed / 1000)})
      wasOff ||= !online
      const gone = stopped()
      if (gone !== undefined) return err(gone)
      await this.timing.sleep(patience.pollIntervalMs ?? POLL_MS, patience.signal)
    }
  }

  private async see(node: string): Promise<Result<Seen, Failure>> {
    const status = await this.cluster.status()
    if (status.isErr()) return err(status.error)
    const {members} = status.value
    const member = members.find((one) => one.node === node)
    if (member === undefined) return err(noSuchNode(node, members))
    const look = await this.cluster.resources('node')
    return look.map(({nodes}) => {
      const own = nodes.find((one) => one.node === node)
      return {
        member: member.online,
        online: member.online && own?.status === 'online',
        alone: members.length < 2,
        ...(own?.uptimeSeconds !== undefined && {uptimeSeconds: own.uptimeSeconds}),
      }
    })
  }
}

/**
 * Whether what reports this uptime has booted since the command was sent: it is lower than before, or shorter than the wait. Figures of a node that has just gone
 * stand still for some seconds, so the latter counts only once it was away.
 */
export function isNewBoot(uptimeSeconds: number, elapsedMs: number, wasOff: boolean, before?: number): boolean {
  if (before !== undefined && uptimeSeconds < before) return true
  return uptimeSeconds * 1000 < elapsedMs && (wasOff || before === undefined)
}

function noSuchNode(node: string, members: readonly ClusterMember[]): Failure {
  return failure('not-found', `there is no node "${node}"`, {
    hint: `Nodes: ${members.map((one) => one.node).join(', ')}`,
    details: {node},
  })
}
