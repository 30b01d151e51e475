import {Args} from '@oclif/core'
import {BaseCommand} from '../../../cli/base-command.js'
import {snapshotRow, type SnapshotRow} from '../../../cli/output/snapshot-row.js'
import {asTime} from '../../../cli/output/human.js'
import {snapshotService} from '../../../cli/wiring/snapshot.js'
import {guestLabel} from '../../../domain/guest.js'
import {plainValue, type ConfigValues} from '../../../domain/guest-config.js'

interface ShownSnapshot extends SnapshotRow {
  readonly children: readonly string[]
  /** The guest as it is now has come from it. */
  readonly parentOfCurrent: boolean
  readonly config: ConfigValues
}

export default class SnapshotShow extends BaseCommand<ShownSnapshot> {
  static override summary = 'Show a snapshot: when and for what it was taken, and the configuration it holds.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web before-upgrade',
    '<%= config.bin %> <%= command.id %> web before-upgrade --json --jq .config.memory',
  ]
  static override args = {
    guest: Args.string({description: 'Name or VMID.', required: true}),
    snapshot: Args.string({description: 'Name of the snapshot.', required: true}),
  }

  override async run(): Promise<ShownSnapshot> {
    const {args} = await this.parse(SnapshotShow)
    const {guests} = await this.services()
    const found = await this.unwrap(guests.find(undefined, args.guest))
    const snapshots = await this.use(snapshotService)
    const {children, config, guest, isParentOfCurrent, snapshot} = await this.unwrap(
      snapshots.show(found, args.snapshot),
    )
    const facts = Object.entries({
      guest: `${guestLabel(guest)} on ${guest.node}`,
      parent: snapshot.parent,
      created: snapshot.createdAt === undefined ? undefined : asTime(snapshot.createdAt),
      incomplete: snapshot.snapState,
      memory: snapshot.ram ? 'saved' : undefined,
      automatic: snapshot.automatic ? 'yes' : undefined,
      'led to': [...children, ...(isParentOfCurrent ? ['what it is now'] : [])].join(', ') || undefined,
      description: snapshot.description,
    })
    const text = [
      snapshot.name,
      ...facts.flatMap(([key, value]) => (value === undefined ? [] : [`  ${`${key}:`.padEnd(13)}${value}`])),
      ...Object.entries(config)
        .filter(([key]) => key !== 'description' && key !== 'parent')
        .map(([key, value]) => `  ${key}: ${plainValue(value)}`),
    ].join('\n')
    return this.present({...snapshotRow(guest, snapshot), children, parentOfCurrent: isParentOfCurrent, config}, {text})
  }
}
