import {Args} from '@oclif/core'
import {BaseCommand} from '../../../cli/base-command.js'
import {listFlags, selectorFlags} from '../../../cli/flags.js'
import {globalFlags} from '../../../cli/global-flags.js'
import {snapshotColumns, snapshotRows, snapshotTree, type SnapshotRow} from '../../../cli/output/snapshot-row.js'
import {exitCodeOfResults} from '../../../cli/output/results.js'
import {isAsciiOnly} from '../../../cli/output/sparkline.js'
import {snapshotService} from '../../../cli/wiring/snapshot.js'
import type {Failure} from '../../../domain/failure.js'

export default class SnapshotList extends BaseCommand<SnapshotRow[]> {
  static override summary = 'List the snapshots of VMs and containers, as the tree that they are.'
  static override description =
    'Of the guests that are named or chosen; without any, of all that have snapshots. JSON and csv are flat: a row for each snapshot with its parent, and one for what the guest is now, called current. --columns makes a table of it. A snapshot that was never finished, or half deleted, has a snapState.'
  static override hiddenAliases = ['proxmox:snapshot:ls']
  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    '<%= config.bin %> <%= command.id %> -l tag=prod --columns guest,name,createdAt --sort createdAt',
    "<%= config.bin %> <%= command.id %> --json --jq '.[] | select(.automatic) | .name'",
  ]
  static override strict = false
  static override baseFlags = {...globalFlags, ...listFlags}
  static override args = {name: Args.string({description: 'Names or VMIDs of guests.', required: false})}
  static override flags = selectorFlags

  override async run(): Promise<SnapshotRow[]> {
    const {argv, flags} = await this.parse(SnapshotList)
    const {guests} = await this.services()
    const names = argv as string[]
    const everywhere = names.length === 0 && flags.selector === undefined
    const chosen = await this.unwrap(
      guests.select(undefined, {names, selectors: flags.selector ?? [], all: flags.all || everywhere}),
    )
    const read = await (await this.use(snapshotService)).ofMany(chosen, this.signal)
    const failures = read.flatMap((result): Failure[] => (result.ok ? [] : [result.error]))
    const [failed] = failures
    if (failed !== undefined && failures.length === chosen.length) this.fail(failed)
    for (const result of read) if (!result.ok) await this.warning(result.error.message)
    this.endWith(exitCodeOfResults(read, chosen.length))
    // Of guests that nobody named, those without snapshots would only be in the way.
    const shown = read
      .flatMap((result) => (result.ok ? [result.value] : []))
      .filter(({set}) => !everywhere || set.snapshots.length > 0)
    const rows = shown.flatMap((one) => snapshotRows(one)).filter(({current}) => !current || this.format !== 'name')
    const ascii = isAsciiOnly(this.runtime.env)
    return this.present<SnapshotRow[], SnapshotRow>(rows, {
      columns: snapshotColumns,
      empty: 'no snapshots found',
      ...(flags.columns === undefined &&
        flags.sort === undefined && {text: shown.map((one) => snapshotTree(one, ascii)).join('\n\n')}),
    })
  }
}
