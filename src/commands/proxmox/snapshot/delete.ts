import {Flags} from '@oclif/core'
import type {Result} from 'neverthrow'
import {nativeFlag} from '../../../cli/flags.js'
import {guestActionFlags, type GuestActionFlags} from '../../../cli/guest-action-command.js'
import type {Services} from '../../../cli/services.js'
import {SnapshotRemovalCommand} from '../../../cli/snapshot-removal-command.js'
import {isSelection, type SnapshotWords} from '../../../cli/snapshot-action-command.js'
import {snapshotDeleteService} from '../../../cli/wiring/snapshot.js'
import {failure, type Failure} from '../../../domain/failure.js'
import type {Guest} from '../../../domain/guest.js'
import {guestCommand, type NativeLine} from '../../../domain/native-command.js'
import type {Patience} from '../../../services/patience.js'
import type {DeletedSnapshots, SnapshotDeletion} from '../../../services/snapshot-delete-service.js'

interface DeleteFlags extends GuestActionFlags {
  readonly force: boolean
}

export default class SnapshotDelete extends SnapshotRemovalCommand<DeleteFlags, SnapshotDeletion> {
  static override summary = 'Delete snapshots of VMs and containers.'
  static override description =
    'The first word is the guest, the others are snapshots; with -l or --all every word is a snapshot, and guests that have none of that name are passed over. What a snapshot in the middle led to stays, as it is. When the storage does not let go of one, its deletion fails and often leaves the guest locked: the error says how to unlock it; --force then takes the snapshot out of the configuration all the same.'
  static override usage = '<%= command.id %> GUEST SNAPSHOT... [-l key=value...] [--all] [--force] [-y]'
  static override hiddenAliases = ['proxmox:snapshot:rm']
  static override examples = [
    '<%= config.bin %> <%= command.id %> web before-upgrade',
    '<%= config.bin %> <%= command.id %> web first second --yes',
    '<%= config.bin %> <%= command.id %> -l tag=lab before-upgrade --dry-run',
  ]
  static override args = SnapshotRemovalCommand.args
  static override flags = {
    ...guestActionFlags,
    ...nativeFlag,
    force: Flags.boolean({
      description: 'Take it out of the configuration even if the storage keeps its part.',
    }),
  }

  protected readonly verb = 'delete snapshots of'

  protected split(words: readonly string[], selection: boolean): SnapshotWords {
    const guests = selection ? [] : words.slice(0, 1)
    const snapshots = words.slice(guests.length)
    if (snapshots.length > 0) return {guests, snapshots}
    return this.fail(failure('usage', 'no snapshot named', {hint: 'Write: snapshot delete GUEST SNAPSHOT...'}))
  }

  protected override async examine(services: Services, guests: readonly Guest[], flags: DeleteFlags): Promise<void> {
    if (!flags.wait && this.snapshotWords.length > 1) {
      this.fail(
        failure('usage', 'several snapshots are deleted one after the other, which cannot go on without waiting', {
          hint: 'Leave out --no-wait, or name one snapshot',
        }),
      )
    }

    await super.examine(services, guests, flags)
    const plans = [...this.plans.values()]
    if (!isSelection(flags) || plans.some(({refusal, remove}) => refusal !== undefined || remove.length > 0)) return
    this.fail(
      failure('not-found', `none of these guests has a snapshot ${this.snapshotWords.join(' or ')}`, {
        hint: 'See: homelab proxmox snapshot list',
        details: {reason: 'snapshot-unknown', snapshots: [...this.snapshotWords]},
      }),
    )
  }

  protected async plan(guest: Guest, flags: DeleteFlags): Promise<SnapshotDeletion> {
    const service = await this.use(snapshotDeleteService)
    return service.plan(guest, this.snapshotWords, isSelection(flags) ? 'ignore' : 'fail')
  }

  protected async act(
    _services: Services,
    guest: Guest,
    {force, wait}: DeleteFlags,
    patience: Patience,
  ): Promise<Result<DeletedSnapshots, Failure>> {
    return (await this.use(snapshotDeleteService)).delete(this.planFor(guest), {force, wait}, patience)
  }

  protected override nativeLines(guest: Guest, {force}: DeleteFlags): NativeLine[] {
    const {refusal, remove} = this.planFor(guest)
    return (refusal === undefined ? remove : []).map(({name}) => ({
      node: guest.node,
      command: guestCommand(guest.type, 'delsnapshot', [guest.vmid, name], force ? {force} : {}),
    }))
  }
}
