import type {Interfaces} from '@oclif/core'
import type {Result} from 'neverthrow'

import type {Failure} from '../domain/failure.js'
import {BaseCommand} from './base-command.js'
import {listFlags} from './flags.js'
import {globalFlags} from './global-flags.js'
import type {Column} from './output/columns.js'

/** The values of a group of flags: `FlagValues<typeof selectorFlags>`. */
export type FlagValues<T> = Interfaces.InferredFlags<T>

/**
 * A list as data: which columns there are, and where the rows come from.
 * `Flags` and `Args` are the values of what the command declares itself.
 */
export abstract class ListCommand<Row extends object, Flags = unknown, Args = unknown> extends BaseCommand<Row[]> {
  static override baseFlags = {...globalFlags, ...listFlags}

  /** Every field a row may have; those with `default: false` show on request. */
  protected abstract readonly columns: readonly Column<Row>[]
  /** What an empty list is a lack of: `VMs`. */
  protected abstract readonly noun: string

  /** The field that `-o name` prints, where it is not the name. */
  protected readonly nameKey: string | undefined = undefined

  /** Whether Proxmox VE leaves out rows that the login has no rights to. */
  protected readonly ofCluster: boolean = false

  protected abstract fetch(flags: Flags, args: Args): PromiseLike<Result<Row[], Failure>>

  override async run(): Promise<Row[]> {
    const {args, flags} = await this.parse()
    const rows = await this.unwrap(this.fetch(flags as Flags, args as Args))
    if (this.ofCluster) await this.warnIfBlind(rows)
    const {columns, nameKey, noun} = this
    return this.present<Row[], Row>(rows, {
      columns,
      ...(nameKey !== undefined && {nameKey}),
      empty: `no ${noun} found`,
    })
  }
}
