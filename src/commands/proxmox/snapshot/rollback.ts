import {Flags} from '@oclif/core'
import type {Result} from 'neverthrow'
import {nativeFlag} from '../../../cli/flags.js'
import {guestActionFlags, type GuestActionFlags} from '../../../cli/guest-action-command.js'
import {asTime} from '../../../cli/output/human.js'
import type {Services} from '../../../cli/services.js'
import {SnapshotActionCommand, type SnapshotWords} from '../../../cli/snapshot-action-command.js'
import {snapshotRollbackService} from '../../../cli/wiring/snapshot.js'
import {failure, type Failure} from '../../../domain/failure.js'
import {guestLabel, type Guest} from '../../../domain/guest.js'
import {guestCommand, type NativeLine} from '../../../domain/native-command.js'
import type {Patience} from '../../../services/patience.js'
import type {RollbackPlan, RolledBack} from '../../../services/snapshot-rollback-service.js'

interface RollbackFlags extends GuestActionFlags {
  readonly start?: boolean
}

export default class SnapshotRollback extends SnapshotActionCommand<RollbackFlags, RolledBack, RollbackPlan> {
  static override summary = 'Take a guest back to a snapshot: its disks and its configuration.'
  static override description =
    'What has changed since the snapshot is lost, so the name of the guest has to be typed, or --yes given. A running guest is stopped for it and runs again afterwards, a stopped one stays stopped, unless --start or --no-start says otherwise; with its memory in the snapshot it goes on where it was. Disks on ZFS or in volume chains go back to the newest snapshot only: that, locks and storages that are away are found before anything is stopped. With -l or --all several guests go back to their snapshots of that name.'
  static override usage = '<%= command.id %> GUEST SNAPSHOT [-l key=value...] [--all] [--start | --no-start] [-y]'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web before-upgrade',
    '<%= config.bin %> <%= command.id %> web before-upgrade --no-start --yes',
    '<%= config.bin %> <%= command.id %> -l tag=lab clean --start --yes',
  ]
  static override args = SnapshotActionCommand.args
  static override flags = {
    ...guestActionFlags,
    ...nativeFlag,
    start: Flags.boolean({allowNo: true, description: 'Whether it shall run afterwards; by default as before.'}),
  }

  protected readonly verb = 'roll back'
  protected readonly past = 'rolled back'

  protected split(words: readonly string[], selection: boolean): SnapshotWords {
    const guests = selection ? [] : words.slice(0, 1)
    const snapshots = words.slice(guests.length)
    if (snapshots.length === 1) return {guests, snapshots}
    const hint = selection
      ? 'Write: snapshot rollback -l key=value SNAPSHOT'
      : 'Write: snapshot rollback GUEST SNAPSHOT'
    return this.fail(failure('usage', snapshots.length === 0 ? 'no snapshot named' : 'one snapshot at a time', {hint}))
  }

  protected async plan(guest: Guest, {start}: RollbackFlags): Promise<RollbackPlan> {
    return (await this.use(snapshotRollbackService)).plan(guest, this.snapshotWords[0] ?? '', start)
  }

  protected tell({guest, run, snapshot, status}: RollbackPlan): {fields: object; text: string} {
    const {createdAt, name = ''} = snapshot ?? {}
    const effect = [
      ...(status === 'stopped' ? [] : ['it is stopped for that']),
      run ? 'it runs afterwards' : 'it is stopped afterwards',
    ]
    return {
      fields: {snapshot: name, ...(createdAt !== undefined && {createdAt}), start: run},
      text: `would take ${guestLabel(guest)} on ${guest.node} back to ${name}${createdAt === undefined ? '' : `, of ${asTime(createdAt)}`}: ${effect.join(', ')}`,
    }
  }

  /** The name of the one, or the number of the many, has to be typed: what came after the snapshot is gone for good. */
  protected override async confirm(guests: readonly Guest[], flags: RollbackFlags): Promise<void> {
    const [first] = guests
    const memory = guests.filter((guest) => this.planFor(guest).snapshot?.ram === true && !this.planFor(guest).run)
    if (memory.length > 0)
      await this.warning(
        `the memory in the snapshot is given up: ${memory.map((guest) => guestLabel(guest)).join(', ')} would have to run (--start)`,
      )
    if (flags.yes || first === undefined) return
    this.tellAll(guests, flags)
    const one = guests.length === 1
    const what = one ? guestLabel(first) : `${guests.length} guests`
    const answer = one ? (first.name ?? String(first.vmid)) : String(guests.length)
    const question = `Take ${what} back to ${this.snapshotWords.join('')}? What has changed since is lost.`
    if (!(await this.unwrap(this.prompt.confirmName(question, answer, '--yes'))))
      this.fail(failure('refused', `nothing was rolled back: something else than ${answer} was typed`))
  }

  protected async act(
    _services: Services,
    guest: Guest,
    {wait}: RollbackFlags,
    patience: Patience,
  ): Promise<Result<RolledBack, Failure>> {
    return (await this.use(snapshotRollbackService)).rollback(this.planFor(guest), wait, patience)
  }

  protected override sentence(changed: RolledBack): string {
    return changed.upid ?? `${guestLabel(changed)} is back at ${changed.snapshot} and ${changed.status}`
  }

  protected override nativeLines(guest: Guest): NativeLine[] {
    const {refusal, run, snapshot} = this.planFor(guest)
    if (refusal !== undefined || snapshot === undefined) return []
    const options = run ? {start: true} : {}
    return [{node: guest.node, command: guestCommand(guest.type, 'rollback', [guest.vmid, snapshot.name], options)}]
  }
}
