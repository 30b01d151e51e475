import {Args} from '@oclif/core'
import {BaseCommand} from '../../../cli/base-command.js'
import {snapshotService} from '../../../cli/wiring/snapshot.js'
import {EXIT_CODES} from '../../../domain/failure.js'
import {guestLabel} from '../../../domain/guest.js'
import {configDifferences, differenceLines, type ConfigValue} from '../../../domain/guest-config.js'
import {CURRENT} from '../../../domain/snapshot.js'

interface SnapshotComparison {
  readonly vmid: number
  readonly guest?: string
  readonly left: string
  readonly right: string
  readonly same: boolean
  readonly differences: readonly {readonly key: string; readonly left?: ConfigValue; readonly right?: ConfigValue}[]
}

export default class SnapshotDiff extends BaseCommand<SnapshotComparison> {
  static override summary =
    'Compare the configuration that a snapshot holds with what it is now, or with another snapshot.'
  static override description =
    'Exit 0 when they are the same, 1 when they differ, as diff(1) does. "current" stands for what the guest is now. What is on the disks is not compared.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web before-upgrade',
    '<%= config.bin %> <%= command.id %> web before-upgrade after-upgrade --json',
  ]
  static override args = {
    guest: Args.string({description: 'Name or VMID.', required: true}),
    left: Args.string({description: 'Name of the snapshot.', required: true}),
    right: Args.string({default: CURRENT, description: 'Name of another one.'}),
  }

  override async run(): Promise<SnapshotComparison> {
    const {args} = await this.parse(SnapshotDiff)
    const {left, right} = args
    const {guests} = await this.services()
    const guest = await this.unwrap(guests.find(undefined, args.guest))
    const [before, after] = await this.unwrap((await this.use(snapshotService)).compare(guest, left, right))
    const differences = configDifferences(before, after)
    const same = differences.length === 0
    if (!same) this.endWith(EXIT_CODES.differences)
    const label = guestLabel(guest)
    return this.present(
      {
        vmid: guest.vmid,
        ...(guest.name !== undefined && {guest: guest.name}),
        left,
        right,
        same,
        differences: differences.map(({key, before: old, after: now}) => ({
          key,
          ...(old !== undefined && {left: old}),
          ...(now !== undefined && {right: now}),
        })),
      },
      {
        text: same
          ? ''
          : [`--- ${label} at ${left}`, `+++ ${label} at ${right}`, ...differenceLines(differences)].join('\n'),
      },
    )
  }
}
