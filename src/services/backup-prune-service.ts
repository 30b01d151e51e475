import {err, errAsync, ok, okAsync, ResultAsync, type Result} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {guestNoun, type GuestType} from '../domain/guest.js'
import {
  decideRetention,
  formatRetention,
  keepsAll,
  parseRetention,
  type Retention,
  type RetentionMark,
} from '../domain/retention.js'
import type {TaskReport} from '../domain/task.js'
import {isTimeZone} from '../domain/zoned-time.js'
import type {BackupRepository, PruneEntry} from '../repositories/backup-repository.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import {backupPlaces, type BackupPlace, type BackupPlaces, type Owner} from './backup-inventory.js'
import type {Patience} from './patience.js'
import type {TaskService} from './task-service.js'

export interface PruneWish {
  readonly places: BackupPlaces
  /** Undefined: as each storage is configured. */
  readonly keep?: Retention
  /** Undefined: every guest that has backups there, those that are gone too. */
  readonly owners?: readonly Owner[]
  /** Take the server's word where our own reckoning differs. */
  readonly trustServer: boolean
}

export interface PruneDecision {
  readonly volume: string
  readonly time: string
  readonly mark: RetentionMark
}

/** What pruning does to the backups of one guest on one storage. */
export interface PrunePlan {
  readonly storage: string
  readonly node: string
  readonly vmid: number
  readonly type: GuestType
  /** `keep-last=3` */
  readonly keep: string
  readonly removed: number
  /** Newest first. */
  readonly backups: readonly PruneDecision[]
}

export interface Pruned extends PrunePlan {
  /** Absent where there was nothing to remove. */
  readonly task?: TaskReport
}

/** Removing old backups by Proxmox VE's own rules: the server decides, is checked, and then does it. */
export class BackupPruneService {
  constructor(
    private readonly cluster: ClusterRepository,
    private readonly backups: BackupRepository,
    private readonly tasks: TaskService,
  ) {}

  /** What would be removed, for each guest and storage with backups; GET requests only. */
  plan(wish: PruneWish): ResultAsync<PrunePlan[], Failure> {
    return this.cluster.resources().andThen((resources) => {
      const placed = backupPlaces(resources, wish.places)
      if (placed.isErr()) return errAsync<PrunePlan[], Failure>(placed.error)
      return new ResultAsync(this.planAll(placed.value.asked, wish))
    })
  }

  /** Prunes one guest's backups as planned; done when the storage lists what was to stay, and nothing that was to go. */
  async run(plan: PrunePlan, patience: Patience): Promise<Result<Pruned, Failure>> {
    const {keep, node, storage, type, vmid} = plan
    if (plan.removed === 0) return ok(plan)
    const sent = await this.backups.prune(node, storage, {keep, vmid, type})
    if (sent.isErr() && sent.error.kind !== 'outcome-unknown') return err(sent.error)
    const ended = sent.isOk()
      ? await this.tasks.waitOk(sent.value, `pruning of ${guestNoun(type)} ${vmid} on ${storage}`, patience)
      : ok<TaskReport | undefined, Failure>(undefined)
    if (ended.isErr()) return err(ended.error)
    const listed = await this.backups.list(node, storage, vmid)
    if (listed.isErr()) return err(listed.error)
    const there = new Set(listed.value.map(({volume}) => volume))
    const wrong = plan.backups.filter(({mark, volume}) => there.has(volume) === (mark === 'remove'))
    if (wrong.length > 0) {
      if (sent.isErr()) return err(sent.error)
      return err(
        failure('task-failed', `pruning on ${storage} ended well, but the storage is not as it should be`, {
          hint: `See the log: homelab proxmox task log ${sent.value}`,
          upid: sent.value,
          details: {reason: 'not-as-planned', volumes: wrong.map(({volume}) => volume)},
        }),
      )
    }

    return ok({...plan, ...(ended.value !== undefined && {task: ended.value})})
  }

  private async planAll(places: readonly BackupPlace[], wish: PruneWish): Promise<Result<PrunePlan[], Failure>> {
    const plans: PrunePlan[] = []
    for (const place of places) {
      const planned = await this.planOne(place, wish)
      if (planned.isErr()) return err(planned.error)
      plans.push(...planned.value)
    }

    return ok(plans.sort((a, b) => a.vmid - b.vmid))
  }

  private async planOne({nodes, storage}: BackupPlace, wish: PruneWish): Promise<Result<PrunePlan[], Failure>> {
    const [node] = nodes
    if (node === undefined) return ok([])
    const rules = wish.keep === undefined ? await this.configured(node, storage) : ok<Retention, Failure>(wish.keep)
    if (rules.isErr()) return err(rules.error)
    const keep = formatRetention(rules.value)
    // Nothing is ever removed by such rules, and some releases refuse to be asked.
    if (keepsAll(rules.value)) return ok([])
    const owners = wish.owners ?? [undefined]
    const entries: PruneEntry[] = []
    for (const owner of owners) {
      const decided = await this.backups.prunePlan(node, storage, {keep, ...owner})
      if (decided.isErr()) return err(decided.error)
      entries.push(...decided.value)
    }

    const checked = wish.trustServer ? ok(undefined) : await this.compare(node, storage, entries, rules.value)
    if (checked.isErr()) return err(checked.error)
    return ok(plansOf(entries, {keep, node, storage}))
  }

  private configured(node: string, storage: string): ResultAsync<Retention, Failure> {
    return this.backups.defaults(node, storage).andThen(({keep}) => {
      const rules = keep === undefined ? ok<Retention, Failure>({all: true}) : parseRetention(keep)
      return rules.isOk() && keepsAll(rules.value) ? err(noRules(storage)) : rules
    })
  }

  /** What the server would remove must be what the rules say to us; otherwise one of the two is mistaken, and nothing is removed. */
  private async compare(
    node: string,
    storage: string,
    entries: readonly PruneEntry[],
    keep: Retention,
  ): Promise<Result<void, Failure>> {
    const [zone, listed] = await Promise.all([
      this.backups.timeZone(node).orElse(() => okAsync(undefined)),
      this.backups.list(node, storage),
    ])
    const timeZone = zone.unwrapOr(undefined)
    if (timeZone === undefined || !isTimeZone(timeZone)) return ok(undefined)
    if (listed.isErr()) return err(listed.error)
    const guarded = new Map(listed.value.map((row) => [row.volume, row.protected]))
    const own = decideRetention(
      entries.map((entry) => ({
        entry,
        time: entry.time,
        protected: guarded.get(entry.volume) ?? entry.mark === 'protected',
        ...(entry.type !== undefined &&
          entry.vmid !== undefined &&
          entry.mark !== 'renamed' && {group: `${entry.type}/${entry.vmid}`}),
      })),
      keep,
      timeZone,
    )
    const different = own.filter(({item, mark}) => (mark === 'remove') !== (item.entry.mark === 'remove'))
    if (different.length === 0) return ok(undefined)
    return err(
      failure(
        'refused',
        `node ${node} would prune ${storage} otherwise than these rules say to us: nothing was removed`,
        {
          hint: `It differs in ${different.map(({item}) => item.entry.volume).join(', ')}. If the server is right, repeat it with --trust-server`,
          details: {
            reason: 'retention-differs',
            differences: different.map(({item, mark}) => ({
              volume: item.entry.volume,
              server: item.entry.mark,
              expected: mark,
            })),
          },
        },
      ),
    )
  }
}

function plansOf(
  entries: readonly PruneEntry[],
  at: {readonly keep: string; readonly node: string; readonly storage: string},
): PrunePlan[] {
  const groups = new Map<string, PrunePlan & {backups: PruneDecision[]}>()
  for (const {mark, time, type, vmid, volume} of [...entries].sort((a, b) => b.time - a.time)) {
    // What is nobody's is left alone by every rule.
    if (vmid === undefined || type === undefined) continue
    const key = `${type}/${vmid}`
    const group = groups.get(key) ?? {...at, vmid, type, removed: 0, backups: []}
    group.backups.push({volume, time: new Date(time * 1000).toISOString().replace('.000Z', 'Z'), mark})
    groups.set(key, {...group, removed: group.removed + (mark === 'remove' ? 1 : 0)})
  }

  return [...groups.values()]
}

function noRules(storage: string): Failure {
  return failure('usage', `storage ${storage} has no rules of what to keep, and none were given`, {
    hint: 'Say what to keep: --keep-last 3 --keep-weekly 4, or --keep keep-last=3',
    details: {storage, field: 'keep'},
  })
}
