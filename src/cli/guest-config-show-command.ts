import {Args, Flags} from '@oclif/core'
import {guestLabel, type Guest, type GuestType} from '../domain/guest.js'
import type {ConfigValue, ConfigValues} from '../domain/guest-config.js'
import type {PendingValue} from '../services/config-service.js'
import {BaseCommand} from './base-command.js'
import {listFlags} from './flags.js'
import type {Column} from './output/columns.js'
import {configService} from './wiring/config.js'

interface Shown {
  readonly vmid: number
  readonly name?: string
  readonly type: GuestType
  readonly node: string
  readonly snapshot?: string
  /** Absent under `--pending`. */
  readonly config?: ConfigValues
  readonly pending?: readonly PendingValue[]
  readonly digest?: string
}

const keyColumn: Column<{key: string}> = {key: 'key'}
const valueColumns: readonly Column<{key: string; value: ConfigValue}>[] = [keyColumn, {key: 'value'}]
const pendingColumns: readonly Column<PendingValue>[] = [
  keyColumn,
  {key: 'value'},
  {key: 'pending'},
  {key: 'deleted', header: 'DELETE', format: (value) => (value === true ? 'yes' : '-')},
]

/** A guest's configuration: of the next start, as it is now, what differs between the two, or at a snapshot. */
export abstract class GuestConfigShowCommand extends BaseCommand<Shown> {
  static override description =
    'Without a flag it is what the next start will see: what was changed and waits for a restart is in it. --current leaves that out, --pending shows both side by side.'

  static override args = {name: Args.string({description: 'Name or VMID.', required: true})}

  static override flags = {
    ...listFlags,
    pending: Flags.boolean({
      description: 'What is now beside what will be after the next start.',
      exclusive: ['current', 'at'],
    }),
    current: Flags.boolean({description: 'What is now, without what waits for a restart.', exclusive: ['at']}),
    at: Flags.string({description: 'What was at this snapshot.', helpValue: 'SNAPSHOT'}),
  }

  protected abstract readonly guestType: GuestType

  override async run(): Promise<Shown> {
    const {args, flags} = await this.parse()
    const {pending, current, at} = flags as {pending?: boolean; current?: boolean; at?: string}
    const {guests} = await this.services()
    const configs = await this.use(configService)
    const guest = await this.unwrap(guests.find(this.guestType, String(args.name)))
    if (pending === true) {
      const values = await this.unwrap(configs.pending(guest))
      return this.present<Shown, PendingValue>(
        {...about(guest), pending: values},
        {rows: values, columns: pendingColumns},
      )
    }

    const {
      values,
      digest,
      guest: now,
    } = await this.unwrap(
      configs.read(guest, {...(current === true && {current}), ...(at !== undefined && {snapshot: at})}),
    )
    const rows = Object.entries(values).map(([key, value]) => ({key, value}))
    this.detail(`${guestLabel(now)} on ${now.node}`)
    return this.present<Shown, {key: string; value: ConfigValue}>(
      {
        ...about(now),
        ...(at !== undefined && {snapshot: at}),
        config: values,
        ...(digest !== undefined && {digest}),
      },
      {rows, columns: valueColumns},
    )
  }
}

function about({vmid, name, type, node}: Guest): Pick<Shown, 'name' | 'node' | 'type' | 'vmid'> {
  return {vmid, ...(name !== undefined && {name}), type, node}
}
