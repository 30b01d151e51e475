import {failure} from '../domain/failure.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import type {DeletedSnapshots, SnapshotDeletion} from '../services/snapshot-delete-service.js'
import type {GuestActionFlags} from './guest-action-command.js'
import {asTime} from './output/human.js'
import {SnapshotActionCommand} from './snapshot-action-command.js'

/** A verb by which snapshots go for good: what goes is shown, and asked about. */
export abstract class SnapshotRemovalCommand<
  Flags extends GuestActionFlags,
  Plan extends SnapshotDeletion,
> extends SnapshotActionCommand<Flags, DeletedSnapshots, Plan> {
  static override args = SnapshotActionCommand.args

  protected readonly past = 'cleared'

  protected tell({guest, missing, remove}: Plan): {fields: object; text: string} {
    const lines = remove.map(
      ({createdAt, name}) =>
        `would delete the snapshot ${name} of ${guestLabel(guest)}${createdAt === undefined ? '' : `, of ${asTime(createdAt)}`}`,
    )
    return {
      fields: {delete: remove.map(({name}) => name), ...(missing.length > 0 && {missing})},
      text: lines.length === 0 ? `${guestLabel(guest)}: nothing to delete` : lines.join('\n'),
    }
  }

  protected override async confirm(guests: readonly Guest[], flags: Flags): Promise<void> {
    const going = guests.filter((guest) => this.planFor(guest).refusal === undefined)
    const count = going.reduce((sum, guest) => sum + this.planFor(guest).remove.length, 0)
    if (count === 0) return
    this.tellAll(guests, flags)
    if (flags.yes) return
    const [first] = going
    const whose = going.length === 1 && first !== undefined ? guestLabel(first) : `${going.length} guests`
    const question = `Delete ${count === 1 ? 'this snapshot' : `these ${count} snapshots`} of ${whose} for good?`
    if (!(await this.unwrap(this.prompt.confirm(question, '--yes'))))
      this.fail(failure('refused', 'nothing was deleted: the question was answered with no'))
  }

  protected override sentence(changed: DeletedSnapshots): string {
    if (changed.upid !== undefined) return changed.upid
    const {deleted, task} = changed
    const warned = task?.outcome === 'warnings' ? ` with warnings (${task.exitStatus})` : ''
    return `${guestLabel(changed)}: ${deleted.length === 0 ? 'nothing to delete' : `deleted ${deleted.join(', ')}${warned}`}`
  }
}
