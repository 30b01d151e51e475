import {Flags} from '@oclif/core'
import type {Result} from 'neverthrow'
import {durationFlag} from '../../../cli/flags.js'
import {GuestActionCommand, guestActionFlags, type GuestActionFlags} from '../../../cli/guest-action-command.js'
import {keepFlags, retentionOf, type KeepFlagValues} from '../../../cli/keep-flags.js'
import {localZone} from '../../../cli/local-clock.js'
import type {Services} from '../../../cli/services.js'
import type {SnapshotWords} from '../../../cli/snapshot-action-command.js'
import {SnapshotRemovalCommand} from '../../../cli/snapshot-removal-command.js'
import {snapshotDeleteService} from '../../../cli/wiring/snapshot.js'
import {failure, type Failure} from '../../../domain/failure.js'
import {guestLabel, type Guest} from '../../../domain/guest.js'
import type {PruneDecision, PruneWish} from '../../../domain/snapshot-pruning.js'
import {keepsAll} from '../../../domain/retention.js'
import {isTimeZone} from '../../../domain/zoned-time.js'
import type {Patience} from '../../../services/patience.js'
import type {DeletedSnapshots, SnapshotPruning} from '../../../services/snapshot-delete-service.js'

interface PruneFlags extends GuestActionFlags, KeepFlagValues {
  readonly 'older-than'?: number
  readonly 'time-zone'?: string
  readonly any: boolean
}

/** One deletion after the other: there is no single task to leave alone. */
const {wait: _waits, ...pruneFlags} = guestActionFlags

export default class SnapshotPrune extends SnapshotRemovalCommand<PruneFlags, SnapshotPruning> {
  static override summary = 'Delete old snapshots, and keep so many by hour, day, week, month and year.'
  static override description =
    'The rules are those by which Proxmox VE prunes backups, applied to each guest: the first keeps the newest N; each further one keeps the newest of each of N hours, days, ISO weeks, months or years in which none is kept yet. With --older-than what is younger stays as well; alone, it deletes all that is older. Only automatic snapshots are deleted and counted, those with the line homelab:auto in their description, unless --any says otherwise; what was never finished is left alone. What goes is always shown before anything is asked or done.'
  static override usage =
    '<%= command.id %> [GUEST...] [-l key=value...] [--all] [--keep-last N...] [--older-than 30d] [-n] [-y]'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --all --keep-last 3 --keep-daily 7 --keep-weekly 4 --dry-run',
    '<%= config.bin %> <%= command.id %> -l tag=lab --older-than 30d --yes',
    '<%= config.bin %> <%= command.id %> web --keep keep-daily=7,keep-monthly=3 --any',
  ]
  static override args = GuestActionCommand.args
  static override flags = {
    ...pruneFlags,
    ...keepFlags,
    'older-than': durationFlag({description: 'Delete only what is older: 30d, 12h.', helpGroup: 'KEEP'}),
    any: Flags.boolean({description: 'Count and delete all snapshots, those made by hand or by others too.'}),
    'time-zone': Flags.string({
      description: "Whose hours, days and weeks the rules count; by default the zone of each guest's node.",
      helpGroup: 'KEEP',
      helpValue: 'ZONE',
    }),
  }

  protected readonly verb = 'prune the snapshots of'
  #wish: PruneWish = {any: false}

  protected split(words: readonly string[]): SnapshotWords {
    return {guests: words, snapshots: []}
  }

  protected override async examine(services: Services, guests: readonly Guest[], flags: PruneFlags): Promise<void> {
    this.#wish = this.#wishFrom(flags)
    await super.examine(services, guests, flags)
  }

  protected async plan(guest: Guest, flags: PruneFlags): Promise<SnapshotPruning> {
    const service = await this.use(snapshotDeleteService)
    return service.planPruning(guest, this.#wish, {timeZone: flags['time-zone'], fallbackZone: localZone()})
  }

  protected override tell(plan: SnapshotPruning): {fields: object; text: string} {
    const {fields, text} = super.tell(plan)
    const {decisions, guest} = plan
    return {
      fields: {
        ...fields,
        decisions: decisions.map(({by, mark, snapshot: {createdAt, name}}) => ({
          snapshot: name,
          ...(createdAt !== undefined && {createdAt}),
          mark,
          ...(by !== undefined && {by}),
        })),
      },
      text: [text, ...(decisions.length === 0 ? [] : [`${guestLabel(guest)} keeps ${kept(decisions)}`])].join('\n'),
    }
  }

  protected async act(
    _services: Services,
    guest: Guest,
    _flags: PruneFlags,
    patience: Patience,
  ): Promise<Result<DeletedSnapshots, Failure>> {
    return (await this.use(snapshotDeleteService)).delete(this.planFor(guest), {force: false, wait: true}, patience)
  }

  #wishFrom(flags: PruneFlags): PruneWish {
    const {any, 'older-than': olderThanMs, 'time-zone': zone} = flags
    if (zone !== undefined && !isTimeZone(zone))
      this.fail(failure('usage', `--time-zone: "${zone}" is not known`, {hint: 'Write it like Europe/Berlin or UTC'}))
    const keep = retentionOf(flags)
    if (keep === undefined && olderThanMs === undefined) {
      this.fail(
        failure('usage', 'what shall be kept?', {hint: 'Give --keep-last, --keep-daily and the like, or --older-than'}),
      )
    }

    const rules = keep === undefined ? undefined : this.unwrap(keep)
    if (rules !== undefined && keepsAll(rules))
      this.note('rules without a number above 0 keep everything, as in Proxmox VE')
    return {
      any,
      ...(rules !== undefined && {keep: rules}),
      ...(olderThanMs !== undefined && {olderThanMs}),
    }
  }
}

/** `3 (nightly-1 as last, nightly-2 as daily, by-hand)`, or `none`. */
function kept(decisions: readonly PruneDecision[]): string {
  const staying = decisions.filter(({mark}) => mark !== 'remove')
  const names = staying.map(
    ({by, mark, snapshot}) =>
      `${snapshot.name}${mark === 'keep' ? (by === undefined ? '' : ` (${by})`) : ` (${mark})`}`,
  )
  return names.length === 0 ? 'none' : names.join(', ')
}
