import {Flags} from '@oclif/core'
import type {Result} from 'neverthrow'
import {guestActionFlags, type GuestActionFlags} from '../../../cli/guest-action-command.js'
import {nativeFlag} from '../../../cli/flags.js'
import type {Services} from '../../../cli/services.js'
import {SnapshotActionCommand, type SnapshotWords} from '../../../cli/snapshot-action-command.js'
import {localClock} from '../../../cli/local-clock.js'
import {snapshotCreateService} from '../../../cli/wiring/snapshot.js'
import {failure, type Failure} from '../../../domain/failure.js'
import {guestLabel, type Guest} from '../../../domain/guest.js'
import {guestCommand, type NativeLine} from '../../../domain/native-command.js'
import {DEFAULT_NAME_PATTERN} from '../../../domain/snapshot.js'
import type {Patience} from '../../../services/patience.js'
import type {CreatedSnapshot, SnapshotPlan} from '../../../services/snapshot-create-service.js'

interface CreateFlags extends GuestActionFlags {
  readonly name?: string
  readonly description?: string
  readonly ram: boolean
  readonly automatic?: boolean
}

export default class SnapshotCreate extends SnapshotActionCommand<CreateFlags, CreatedSnapshot, SnapshotPlan> {
  static override summary = 'Take snapshots of VMs and containers.'
  static override description = `The last word is the name of the snapshot, those before it are guests; with --name every word is a guest. One word alone is a guest, and its snapshot is called ${DEFAULT_NAME_PATTERN}. In a name, {name} and {vmid} stand for the guest's, {date} and {time} for now. Snapshots with {date} or {time} in their names are marked as automatic, by the line homelab:auto in their description: these, and no others, are what "snapshot prune" deletes. Whether the storage has snapshots, the name is free and nothing has locked the guest is checked first.`
  static override usage = '<%= command.id %> GUEST... [NAME] [--name PATTERN] [-l key=value...] [--all] [--ram]'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web before-upgrade --description "Debian 12 to 13"',
    '<%= config.bin %> <%= command.id %> web before-upgrade --ram',
    '<%= config.bin %> <%= command.id %> -l tag=prod nightly-{date}',
    '<%= config.bin %> <%= command.id %> web db dns --name lab-{vmid}',
  ]
  static override args = SnapshotActionCommand.args
  static override flags = {
    ...guestActionFlags,
    ...nativeFlag,
    name: Flags.string({description: 'The name, or a pattern for it: nightly-{date}.', helpValue: 'PATTERN'}),
    description: Flags.string({char: 'd', description: 'What it is for.', helpValue: 'TEXT'}),
    ram: Flags.boolean({
      allowNo: true,
      default: false,
      description: 'Save the memory of a running VM too; of several guests, of those that have any to save.',
    }),
    automatic: Flags.boolean({allowNo: true, description: 'Whether "snapshot prune" may delete it one day.'}),
  }

  protected readonly verb = 'take a snapshot of'
  protected readonly past = 'snapshotted'
  #namedByWord = false

  protected split(words: readonly string[], selection: boolean, {name}: CreateFlags): SnapshotWords {
    this.#namedByWord = name === undefined && words.length > (selection ? 0 : 1)
    return this.#namedByWord
      ? {guests: words.slice(0, -1), snapshots: words.slice(-1)}
      : {guests: words, snapshots: name === undefined ? [] : [name]}
  }

  protected override async examine(services: Services, guests: readonly Guest[], flags: CreateFlags): Promise<void> {
    const [word = ''] = this.snapshotWords
    if (this.#namedByWord && (await services.guests.find(undefined, word)).isOk()) {
      this.fail(
        failure('usage', `"${word}" is a guest: is it to be snapshotted, or is the snapshot to be called so?`, {
          hint: `If the guest is meant, give the snapshot's name with --name; if the name is meant: --name ${word}`,
          details: {field: 'name', value: word},
        }),
      )
    }

    await super.examine(services, guests, flags)
  }

  protected async plan(guest: Guest, flags: CreateFlags, several: boolean): Promise<SnapshotPlan> {
    const {automatic, description, ram} = flags
    const wish = {
      name: this.snapshotWords[0] ?? DEFAULT_NAME_PATTERN,
      ...(description !== undefined && {description}),
      ram: ram ? (several ? 'possible' : 'required') : 'no',
      ...(automatic !== undefined && {automatic}),
    } as const
    return (await this.use(snapshotCreateService)).plan(guest, wish, localClock(this.runtime))
  }

  protected tell({automatic, guest, name, ram}: SnapshotPlan): {fields: object; text: string} {
    const memory = ram ? ', with its memory' : ''
    return {
      fields: {snapshot: name, ram, automatic},
      text: `would take the snapshot ${name} of ${guestLabel(guest)} on ${guest.node}${memory}`,
    }
  }

  protected async act(
    _services: Services,
    guest: Guest,
    {wait}: CreateFlags,
    patience: Patience,
  ): Promise<Result<CreatedSnapshot, Failure>> {
    return (await this.use(snapshotCreateService)).create(this.planFor(guest), wait, patience)
  }

  protected override sentence(changed: CreatedSnapshot): string {
    if (changed.upid !== undefined) return changed.upid
    const warned = changed.task?.outcome === 'warnings' ? ` (${changed.task.exitStatus})` : ''
    return `${guestLabel(changed)}: snapshot ${changed.snapshot} taken${changed.ram ? ' with its memory' : ''}${warned}`
  }

  protected override nativeLines(guest: Guest): NativeLine[] {
    const {description, name, ram, refusal} = this.planFor(guest)
    if (refusal !== undefined) return []
    const options = {...(description !== undefined && {description}), ...(ram && {vmstate: true})}
    return [{node: guest.node, command: guestCommand(guest.type, 'snapshot', [guest.vmid, name], options)}]
  }
}
