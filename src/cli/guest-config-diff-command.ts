import {Args, Flags} from '@oclif/core'
import {EXIT_CODES, failure} from '../domain/failure.js'
import {guestLabel, type Guest, type GuestType} from '../domain/guest.js'
import {
  comparable,
  configDifferences,
  differenceLines,
  type ConfigValue,
  type ConfigValues,
} from '../domain/guest-config.js'
import type {ConfigReading} from '../services/config-service.js'
import {BaseCommand} from './base-command.js'
import {configService} from './wiring/config.js'

interface Side {
  readonly vmid: number
  readonly name?: string
  readonly node: string
  readonly snapshot?: string
  /** The side of the next start, beside that of now. */
  readonly pending?: true
}

interface Comparison {
  readonly left: Side
  readonly right: Side
  readonly same: boolean
  readonly differences: readonly {readonly key: string; readonly left?: ConfigValue; readonly right?: ConfigValue}[]
}

interface DiffFlags {
  readonly at?: string
  readonly pending: boolean
  readonly 'all-keys': boolean
}

/** What two configurations differ in. */
export abstract class GuestConfigDiffCommand extends BaseCommand<Comparison> {
  static override description =
    'Exit 0 when they are the same, 1 when they differ, as diff(1) does. Of two guests what always differs is left out: names, identifiers, MAC addresses, and the VMID in the names of volumes; --all-keys compares that too. Of one guest its configuration is compared with that at a snapshot (--at), or what is now with what the next start will see (--pending).'

  static override args = {
    left: Args.string({description: 'Name or VMID.', required: true}),
    right: Args.string({description: 'Name or VMID of the other one.', required: false}),
  }

  static override flags = {
    at: Flags.string({description: 'Compare with this snapshot.', exclusive: ['pending'], helpValue: 'SNAPSHOT'}),
    pending: Flags.boolean({description: 'Compare with what waits for a restart.'}),
    'all-keys': Flags.boolean({description: 'Compare what always differs, too.'}),
  }

  protected abstract readonly guestType: GuestType

  override async run(): Promise<Comparison> {
    const {args, flags: values} = await this.parse()
    const flags = values as unknown as DiffFlags
    const {left: first, right: second} = args as {left: string; right?: string}
    if ((second === undefined) === (flags.at === undefined && !flags.pending)) {
      this.fail(
        failure(
          'usage',
          second === undefined ? 'compared with what?' : 'two guests and --at or --pending are too much',
          {
            hint: 'Name a second guest, or --at SNAPSHOT, or --pending',
          },
        ),
      )
    }

    const [left, right] = second === undefined ? await this.#ofOne(first, flags) : await this.#ofTwo(first, second)
    const all = flags['all-keys']
    const differences = configDifferences(
      all ? left.values : comparable(left.values, second === undefined ? undefined : left.side.vmid),
      all ? right.values : comparable(right.values, second === undefined ? undefined : right.side.vmid),
    )
    if (differences.length > 0) this.endWith(EXIT_CODES.differences)
    const text =
      differences.length === 0
        ? ''
        : [`--- ${left.label}`, `+++ ${right.label}`, ...differenceLines(differences)].join('\n')
    return this.present(
      {
        left: left.side,
        right: right.side,
        same: differences.length === 0,
        differences: differences.map(({key, before, after}) => ({
          key,
          ...(before !== undefined && {left: before}),
          ...(after !== undefined && {right: after}),
        })),
      },
      {text},
    )
  }

  async #ofOne(name: string, {at}: DiffFlags): Promise<[Compared, Compared]> {
    const configs = await this.use(configService)
    const guest = await this.#find(name)
    if (at !== undefined) {
      const then = await this.unwrap(configs.read(guest, {snapshot: at}))
      const now = await this.unwrap(configs.read(guest))
      return [compared(then, `at ${at}`, {snapshot: at}), compared(now, 'now')]
    }

    const now = await this.unwrap(configs.read(guest, {current: true}))
    const next = await this.unwrap(configs.read(guest))
    return [compared(now, 'now'), compared(next, 'after a restart', {pending: true})]
  }

  async #ofTwo(first: string, second: string): Promise<[Compared, Compared]> {
    const configs = await this.use(configService)
    const [left, right] = [await this.#find(first), await this.#find(second)]
    return [compared(await this.unwrap(configs.read(left))), compared(await this.unwrap(configs.read(right)))]
  }

  async #find(name: string): Promise<Guest> {
    const {guests} = await this.services()
    return this.unwrap(guests.find(this.guestType, name))
  }
}

interface Compared {
  readonly side: Side
  readonly label: string
  readonly values: ConfigValues
}

function compared({guest, values}: ConfigReading, when = '', more: Partial<Side> = {}): Compared {
  const {vmid, name, node} = guest
  return {
    side: {vmid, ...(name !== undefined && {name}), node, ...more},
    label: `${guestLabel(guest)}${when === '' ? '' : ` ${when}`}`,
    values,
  }
}
