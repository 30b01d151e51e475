import {err, ok, type Result} from 'neverthrow'
import type {ClusterResources} from '../domain/cluster.js'
import {withState, type DrainStepState} from '../domain/drain-journal.js'
import {exitCodeOf, failure, type Failure} from '../domain/failure.js'
import type {PlacementPolicy} from '../domain/guest-reach.js'
import {guestLabel, type Guest, type GuestType} from '../domain/guest.js'
import type {MoveManner} from '../domain/move-plan.js'
import {takesMemory} from '../domain/placement-facts.js'
import {memoryObstacle} from '../domain/plan-check.js'
import type {DrainWatch} from './drain-watch.js'
import type {JournalKeeper} from './journal-keeper.js'
import type {MigrateService} from './migrate-service.js'
import {impatience, type Patience, type Timing} from './patience.js'
import type {PowerService} from './power-service.js'

/** A move that the journal tells of before it is sent. */
export interface JournalledMove {
  readonly vmid: number
  readonly name?: string
  readonly type: GuestType
  readonly from: string
  readonly to: string
  readonly manner: MoveManner
  readonly memoryBytes: number
  readonly copies: boolean
  /** It was perhaps begun before: where it is, it is because of us. */
  readonly begun: boolean
  /** What the journal says of it from now on, and again once it is certain that nothing came of it. */
  readonly before: DrainStepState
  readonly undone: DrainStepState
}

export interface MoverParts {
  readonly mover: Pick<MigrateService, 'move'>
  readonly power: Pick<PowerService, 'power'>
  readonly watch: DrainWatch
  readonly timing: Timing
  readonly policy: PlacementPolicy
}

/** Moves, starts and shuts down guests so that whoever finds the journal knows what may be under way. Asks everything again before each one. */
export class JournalledMoves {
  /** Guests that are on their way, by VMID. */
  readonly #coming = new Map<number, Pick<JournalledMove, 'memoryBytes' | 'to'>>()

  constructor(
    private readonly parts: MoverParts,
    private readonly keeper: JournalKeeper,
    private readonly patience: Patience,
  ) {}

  /** @returns where it is now; undefined for a guest that is gone */
  async move(wish: JournalledMove): Promise<Result<string | undefined, Failure>> {
    const now = await this.find(wish.vmid)
    if (now.isErr()) return err(now.error)
    const guest = now.value.guests.find(({type, vmid}) => vmid === wish.vmid && type === wish.type)
    if (guest === undefined) return ok(undefined)
    if (guest.node !== wish.from) {
      if (wish.begun || guest.node === wish.to) return this.arrived(guest, wish)
      return err(movedByOthers(guest, wish))
    }

    const lack = memoryObstacle(
      now.value,
      wish.to,
      wish.memoryBytes,
      this.comingTo(wish.to, now.value),
      this.parts.policy,
    )
    if (lack !== undefined) {
      return err(
        failure('no-capacity', `${guestLabel(guest)} cannot move to ${wish.to} any more: ${lack}`, {
          details: {vmid: guest.vmid, node: guest.node, target: wish.to},
        }),
      )
    }

    this.#coming.set(wish.vmid, wish)
    const done = await this.send(guest, wish)
    this.#coming.delete(wish.vmid)
    return done
  }

  /** Bytes of guests that are on their way to a node, and not counted there yet: a guest is listed at its target some seconds before its move is over. */
  private comingTo(node: string, {guests}: Pick<ClusterResources, 'guests'>): number {
    const there = new Set(guests.filter((guest) => guest.node === node && takesMemory(guest)).map(({vmid}) => vmid))
    return [...this.#coming].reduce(
      (sum, [vmid, {memoryBytes, to}]) => sum + (to === node && !there.has(vmid) ? memoryBytes : 0),
      0,
    )
  }

  /** `shutdown`, or `start` on the way home. */
  async power(
    verb: 'shutdown' | 'start',
    who: Pick<Guest, 'name' | 'type' | 'vmid'>,
    node: string,
    before: DrainStepState,
  ): Promise<Result<void, Failure>> {
    const now = await this.find(who.vmid)
    if (now.isErr()) return err(now.error)
    const guest = now.value.guests.find(({type, vmid}) => vmid === who.vmid && type === who.type)
    if (guest === undefined) return ok(undefined)
    if (guest.node !== node) return err(movedByOthers(guest, {from: node}))
    const noted = this.keeper.change((journal) => withState(journal, who.vmid, before))
    if (noted.isErr()) return noted
    const done = await this.parts.power.power(verb, guest, {wait: true}, this.patience)
    if (done.isOk()) return ok(undefined)
    return err((await this.parts.watch.judge(done.error, guest, verb === 'shutdown')).failure)
  }

  private async find(vmid: number) {
    const gone = impatience(this.patience, this.parts.timing, 'the guests before it')
    if (gone !== undefined) return err(gone)
    const quorum = await this.parts.watch.quorum()
    return quorum.isErr() ? err(quorum.error) : this.parts.watch.settled(new Set([vmid]), this.patience)
  }

  private async send(guest: Guest, wish: JournalledMove): Promise<Result<string | undefined, Failure>> {
    const noted = this.keeper.change((journal) => withState(journal, wish.vmid, wish.before))
    if (noted.isErr()) return err(noted.error)
    const moved = await this.parts.mover.move(
      guest,
      {target: wish.to, restart: true, localDisks: wish.copies},
      this.patience,
    )
    if (moved.isOk()) return this.arrived(guest, wish, moved.value.node)
    const {failure: judged, node} = await this.parts.watch.judge(moved.error, guest, guest.status === 'running')
    // Known to be as before: then nothing of it is ours to take back.
    const asBefore = exitCodeOf(judged) === EXIT_REFUSED && judged.kind !== 'no-quorum' && node === wish.from
    if ((asBefore || wasForbidden(judged)) && !wish.begun) {
      const undone = this.keeper.change((journal) => withState(journal, wish.vmid, wish.undone))
      if (undone.isErr()) return err(undone.error)
    }

    return err(judged)
  }

  /** A container whose move was cut off between its stop and its start is started. */
  private async arrived(
    guest: Guest,
    {begun, manner}: JournalledMove,
    node = guest.node,
  ): Promise<Result<string, Failure>> {
    if (!begun || manner !== 'restart') return ok(node)
    const started = await this.parts.power.power('start', {...guest, node}, {wait: true}, this.patience)
    if (started.isOk()) return ok(node)
    return err((await this.parts.watch.judge(started.error, guest, false)).failure)
  }
}

const EXIT_REFUSED = exitCodeOf(failure('refused', ''))

/** A request that the login has no right to send did nothing; a task may have begun. */
function wasForbidden({kind, upid}: Failure): boolean {
  return (kind === 'permission' || kind === 'authentication') && upid === undefined
}

function movedByOthers(guest: Guest, {from, to}: {readonly from: string; readonly to?: string}): Failure {
  const planned = to === undefined ? '' : `, and was to go to ${to}`
  return failure('refused', `${guestLabel(guest)} is on ${guest.node}: somebody else moved it from ${from}${planned}`, {
    details: {reason: 'moved-by-others', vmid: guest.vmid, node: guest.node, from},
  })
}
