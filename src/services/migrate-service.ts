import {err, errAsync, ok, okAsync, ResultAsync, type Result} from 'neverthrow'
import type {ClusterResources} from '../domain/cluster.js'
import {failure, type Failure} from '../domain/failure.js'
import {guestNeeds} from '../domain/guest-needs.js'
import {PlaceIndex, snapshotTie} from '../domain/guest-reach.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import {NO_HA_RULES} from '../domain/ha-rules.js'
import {mannerOf, migrationObstacle, type MigrationCheck, type MoveWish} from '../domain/migration.js'
import type {MoveManner} from '../domain/move-plan.js'
import type {TaskReport} from '../domain/task.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {GuestRepository} from '../repositories/guest-repository.js'
import type {MigrateRepository} from '../repositories/migrate-repository.js'
import type {TaskRepository} from '../repositories/task-repository.js'
import {checkNode} from './choose-node.js'
import {changeOf, type GuestChange} from './guest-service.js'
import {findLostTask} from './lost-task.js'
import {impatience, tellAnswer, type Patience, type Timing} from './patience.js'
import {compareReleases, type ReleaseGate} from './release-gate.js'
import {whereNow} from './relocation.js'
import type {TaskService} from './task-service.js'

/** How long the HA manager gets to begin what it was asked for: its rounds take ten seconds, a busy one more (cluster facts). */
const HA_GRACE_MS = 90_000
const POLL_MS = 2000
const HA_MOVING: ReadonlySet<string> = new Set(['migrate', 'relocate', 'request_stop'])

/** What became of one guest that was to move. `node` is where it is now. */
export interface MovedGuest extends GuestChange {
  readonly from: string
  /** Absent when it was there already. */
  readonly manner?: MoveManner
}

/** A guest and what Proxmox VE says of moving it. */
export interface MoveCandidate {
  readonly guest: Guest
  readonly running: boolean
  readonly check: MigrationCheck
  /** Why it cannot be moved so. */
  readonly refusal?: Failure
}

function cannotGo(failed: Failure): Failure {
  return failed.kind === 'node-offline'
    ? {...failed, hint: 'Move it to another one, or to the best: --to auto; see: homelab proxmox node list'}
    : failed
}

function cannotLeave(guest: Guest): Failure {
  return failure('node-offline', `${guestLabel(guest)} cannot move: its node ${guest.node} is offline`, {
    hint: 'Bring the node back first; see: homelab proxmox cluster status',
    details: {node: guest.node, vmid: guest.vmid},
  })
}

/** Moving guests to other nodes: what is against it is asked first, and what came of it is looked up. */
export class MigrateService {
  constructor(
    private readonly cluster: ClusterRepository,
    private readonly guests: GuestRepository,
    private readonly migrations: MigrateRepository,
    private readonly taskList: TaskRepository,
    private readonly tasks: TaskService,
    private readonly releases: ReleaseGate,
    private readonly timing: Timing,
  ) {}

  /**
   * The guest as it is now, and what is against moving it; sends only GET requests.
   * @returns a failure only when that cannot be asked; an obstacle is the candidate's `refusal`
   */
  examine(guest: Guest, wish: MoveWish): ResultAsync<MoveCandidate, Failure> {
    return this.cluster
      .resources()
      .andThen((resources) => {
        const known = checkNode(wish.target, guestLabel(guest), resources)
        if (known.isErr()) return errAsync<Looked, Failure>(cannotGo(known.error))
        const now = resources.guests.find(({type, vmid}) => vmid === guest.vmid && type === guest.type)
        return now === undefined
          ? errAsync<Looked, Failure>(failure('not-found', `${guestLabel(guest)} is gone: it was deleted meanwhile`))
          : resources.nodes.some(({node, status}) => node === now.node && status === 'offline')
            ? errAsync<Looked, Failure>(cannotLeave(now))
            : okAsync<Looked, Failure>({now, resources})
      })
      .andThen(({now, resources}) =>
        this.guests.status(now).andThen((status) => {
          const running = status !== 'stopped'
          if (now.node === wish.target) return okAsync({guest: now, running, check: NOTHING})
          return this.checkOf(now, running).andThen((check) => {
            const refusal = this.refusalOf(now, {...check, running}, wish)
            if (refusal !== undefined) return okAsync({guest: now, running, check, refusal})
            return this.tieOf(now, check, running, resources).map((tie): MoveCandidate => {
              const tied = tie === undefined ? undefined : cannotMove(now, wish.target, tie)
              return {guest: now, running, check, ...(tied !== undefined && {refusal: tied})}
            })
          })
        }),
      )
  }

  /**
   * Moves a guest, unless it is there already. A running VM goes on running; a container is restarted where `restart` says so. A guest under HA is
   * judged by where it is, for its task ends long before it moves (cluster facts).
   * @returns `refused` for an obstacle, `task-failed` when it did not move, `timeout` with the UPID when waiting stopped first
   */
  move(
    guest: Guest,
    wish: MoveWish,
    patience: Patience,
    options: {readonly wait: boolean} = {wait: true},
  ): ResultAsync<MovedGuest, Failure> {
    return this.examine(guest, wish).andThen((candidate) => {
      if (candidate.refusal !== undefined) return errAsync(candidate.refusal)
      return candidate.guest.node === wish.target
        ? okAsync({...changeOf(candidate.guest, stateOf(candidate), false), from: candidate.guest.node})
        : new ResultAsync(this.run(candidate, wish, patience, options.wait))
    })
  }

  private async run(
    candidate: MoveCandidate,
    wish: MoveWish,
    patience: Patience,
    wait: boolean,
  ): Promise<Result<MovedGuest, Failure>> {
    const {guest, running} = candidate
    const {target} = wish
    const what = `move of ${guestLabel(guest)} to ${target}`
    const sent = await this.send(guest, wish, running, patience)
    if (sent.isErr()) return err(sent.error)
    const manner = mannerOf(guest.type, running)
    if (!wait) return ok({...changeOf(guest, stateOf(candidate), true), from: guest.node, manner, upid: sent.value})
    patience.onStep?.({text: what})
    const ended = await this.tasks.waitOk(sent.value, what, patience)
    if (ended.isErr()) return err(withCause(ended.error))
    const arrived =
      sent.value.split(':')[5] === 'hamigrate'
        ? await this.arrival(candidate, target, what, sent.value, patience)
        : await this.lookFor(guest, target, what)
    return arrived.asyncAndThen((now) => this.settled(now, candidate, ended.value, manner))
  }

  /** A lost answer is no reason to move it twice: the task is looked for, and the guest. */
  private async send(
    guest: Guest,
    wish: MoveWish,
    running: boolean,
    patience: Patience,
  ): Promise<Result<string, Failure>> {
    const sinceMs = this.timing.now()
    const sent = await this.migrations.migrate(guest, wish, running)
    if (sent.isOk() || sent.error.kind !== 'outcome-unknown') return sent
    for (const type of [guest.type === 'qemu' ? 'qmigrate' : 'vzmigrate', 'hamigrate']) {
      const lost = {node: guest.node, type, vmid: guest.vmid, sinceMs}
      const found = await findLostTask(this.taskList, this.timing, lost, patience.signal)
      if (found !== undefined) return ok(found)
    }

    return sent
  }

  /**
   * Waits for the HA manager: the guest is on the target and in no transition, or it is clear that it will not come. To be stopped is a transition for what
   * ran before, and the end for what did not.
   */
  private async arrival(
    {guest, running}: MoveCandidate,
    target: string,
    what: string,
    upid: string,
    patience: Patience,
  ): Promise<Result<Guest, Failure>> {
    const asked = this.timing.now()
    let begun = false
    for (;;) {
      const found = await whereNow(this.cluster, guest)
      tellAnswer(patience, upid, found)
      if (found.isErr() && found.error.kind === 'not-found') return err(found.error)
      if (found.isOk()) {
        const {haState = '', node} = found.value
        const moving = HA_MOVING.has(haState) || (running && haState === 'stopped')
        begun ||= moving || node !== guest.node
        if (node === target && !moving) return ok(found.value)
        if (haState === 'error') return err(notMoved(found.value, target, 'the HA manager gave it up ("error")', upid))
        const idle = !moving && (begun || this.timing.now() - asked > HA_GRACE_MS)
        if (idle && node !== target) {
          const why = begun ? 'the HA manager moved it elsewhere, or back' : 'the HA manager did not begin with it'
          return err(notMoved(found.value, target, why, upid))
        }
      }

      const gone = impatience(patience, this.timing, `the HA manager's ${what}`, upid)
      if (gone !== undefined) return err(gone)
      await this.timing.sleep(patience.pollIntervalMs ?? POLL_MS, patience.signal)
    }
  }

  /** Where it is once its task has ended well. */
  private async lookFor(guest: Guest, target: string, what: string): Promise<Result<Guest, Failure>> {
    const found = await whereNow(this.cluster, guest)
    return found.andThen((now) =>
      now.node === target
        ? ok(now)
        : err(failure('task-failed', `the ${what} ended well, and it is on ${now.node}`, {details: {node: now.node}})),
    )
  }

  /** What ran before has to run there. */
  private settled(
    now: Guest,
    {guest, running}: MoveCandidate,
    task: TaskReport,
    manner: MoveManner,
  ): ResultAsync<MovedGuest, Failure> {
    return this.guests.status(now).andThen((status) => {
      const moved: MovedGuest = {...changeOf(now, status, true), from: guest.node, manner, task}
      return running && status === 'stopped'
        ? errAsync(
            failure('task-failed', `${guestLabel(now)} is on ${now.node}, and does not run there`, {
              hint: `Start it: homelab proxmox ${now.type === 'qemu' ? 'vm' : 'lxc'} start ${now.vmid}`,
              upid: task.upid,
              details: {vmid: now.vmid, node: now.node, from: guest.node},
            }),
          )
        : okAsync(moved)
    })
  }

  private checkOf(guest: Guest, running: boolean): ResultAsync<MigrationCheck, Failure> {
    if (guest.type === 'qemu') return this.migrations.check(guest)
    return this.releases
      .release()
      .andThen((release) =>
        compareReleases(release, '9.0') >= 0
          ? this.migrations.check(guest)
          : okAsync<MigrationCheck, Failure>({...NOTHING, running}),
      )
  }

  /** What Proxmox VE does not say before it has begun: volumes that cannot be copied with their snapshots, directories of the node. */
  private tieOf(
    guest: Guest,
    {localDisks}: MigrationCheck,
    running: boolean,
    {guests, nodes, storages}: ClusterResources,
  ): ResultAsync<Obstacle | undefined, Failure> {
    if (guest.type === 'qemu' && localDisks.length === 0) return okAsync(undefined)
    return this.guests.config(guest).map((config) => {
      const needs = guestNeeds(guest.type, config)
      const [mount] = guest.type === 'lxc' ? needs.pins.filter((pin) => pin.startsWith('mp')) : []
      if (mount !== undefined)
        return {
          reason: mount,
          remedy: 'Take it out of its configuration, or say that it is the same everywhere: shared=1',
        }
      const index = new PlaceIndex({guests, nodes, storages, rules: NO_HA_RULES})
      const tie = snapshotTie({...guest, needs, status: running ? 'running' : 'stopped'}, index)
      return tie === undefined
        ? undefined
        : {reason: tie, remedy: `Delete them first: homelab proxmox snapshot list ${guest.vmid}`}
    })
  }

  private refusalOf(guest: Guest, check: MigrationCheck, wish: MoveWish): Failure | undefined {
    if (guest.lock !== undefined) {
      return failure('locked', `${guestLabel(guest)} is locked (${guest.lock})`, {
        hint: `See why: homelab proxmox ${guest.type === 'qemu' ? 'vm' : 'lxc'} unlock ${guest.vmid} --dry-run`,
        details: {vmid: guest.vmid, lock: guest.lock},
      })
    }

    const obstacle = migrationObstacle(guest.type, check, wish)
    return obstacle === undefined ? undefined : cannotMove(guest, wish.target, obstacle)
  }
}

type Obstacle = NonNullable<ReturnType<typeof migrationObstacle>>

interface Looked {
  readonly now: Guest
  readonly resources: ClusterResources
}

function cannotMove(guest: Guest, target: string, {reason, remedy}: Obstacle): Failure {
  return failure('refused', `${guestLabel(guest)} cannot move to ${target}: ${reason}`, {
    hint: remedy.replace(/\bNAME\b/, String(guest.vmid)),
    details: {vmid: guest.vmid, node: guest.node, target},
  })
}

const NOTHING: MigrationCheck = {running: false, localDisks: [], localResources: []}

function stateOf({running}: MoveCandidate): string {
  return running ? 'running' : 'stopped'
}

function notMoved(guest: Guest, target: string, why: string, upid: string): Failure {
  return failure('task-failed', `${guestLabel(guest)} is on ${guest.node}, not on ${target}: ${why}`, {
    hint: 'HA rules or groups may forbid that node. See: homelab proxmox api get /cluster/ha/status/current',
    upid,
    details: {vmid: guest.vmid, node: guest.node, target, ...(guest.haState !== undefined && {haState: guest.haState})},
  })
}

/** A migration's exit status says only that it was aborted; its log says why. */
function withCause(failed: Failure): Failure {
  const cause = failed.taskLog?.findLast((line) => /ERROR: |can't migrate/.test(line))
  return cause === undefined
    ? failed
    : {...failed, message: `${failed.message}: ${cause.replace(/^[\d :-]*(?:ERROR: )?/, '')}`}
}
