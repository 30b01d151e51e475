import {Flags} from '@oclif/core'
import type {Result} from 'neverthrow'

import {EXIT_CODES, failure, type Failure} from '../domain/failure.js'
import {guestLabel, guestNoun, type Guest} from '../domain/guest.js'
import {guestCommand, type NativeLine} from '../domain/native-command.js'
import {formatSize} from '../domain/size.js'
import type {Deletion, DeletionOptions} from '../services/delete-service.js'
import type {GuestChange} from '../services/guest-service.js'
import type {Patience} from '../services/patience.js'
import {nativeFlag} from './flags.js'
import {GuestActionCommand, guestActionFlags, type GuestActionFlags} from './guest-action-command.js'
import type {Services} from './services.js'
import {deleteService} from './wiring/deletion.js'

export interface DeleteFlags extends GuestActionFlags {
  readonly force: boolean
  readonly purge: boolean
  readonly 'unreferenced-disks': boolean
}

/** Deletes guests and their disks, after a look at what hangs on them; always asks, for the name of one or the number of several. */
export abstract class GuestDeleteCommand extends GuestActionCommand<DeleteFlags> {
  static override flags = {
    ...guestActionFlags,
    ...nativeFlag,
    force: Flags.boolean({description: 'Stop it first, if it runs.'}),
    purge: Flags.boolean({description: 'Remove it from backup jobs, replication and HA too.'}),
    'unreferenced-disks': Flags.boolean({
      description: 'Delete disks of its VMID that its configuration does not name, too.',
    }),
  }

  protected readonly verb = 'delete'
  protected readonly past = 'deleted'
  protected override readonly ask = 'always'
  #deletions: ReadonlyMap<number, Deletion> = new Map()

  protected override async examine(_services: Services, guests: readonly Guest[], flags: DeleteFlags): Promise<void> {
    const service = await this.use(deleteService)
    const found = await service.inspect(guests, optionsFrom(flags), {parallel: flags.parallel, signal: this.signal})
    this.#deletions = new Map(found.map((deletion) => [deletion.guest.vmid, deletion]))
    const [only] = found
    if (guests.length === 1 && only?.refusal !== undefined) this.fail(only.refusal)
    for (const text of found.flatMap(({warnings}) => warnings)) await this.warning(text)
    if (flags['dry-run'] && found.some(({refusal}) => refusal !== undefined)) this.endWith(EXIT_CODES.partial)
  }

  protected async act(
    _services: Services,
    guest: Guest,
    flags: DeleteFlags,
    patience: Patience,
  ): Promise<Result<GuestChange, Failure>> {
    const service = await this.use(deleteService)
    const inspected = this.#deletions.get(guest.vmid) ?? {guest}
    return service.delete(inspected, {...optionsFrom(flags), wait: flags.wait}, patience)
  }

  protected override planOf(guest: Guest, flags: DeleteFlags): {fields?: object; text: string} {
    const deletion = this.#deletions.get(guest.vmid)
    if (deletion === undefined) return super.planOf(guest, flags)
    const {backupJobs, disks, refusal, replicationJobs} = deletion
    if (refusal !== undefined) {
      const {kind, hint, message} = refusal
      return {
        fields: {refused: {code: kind, message, ...(hint !== undefined && {hint})}},
        text: `would not delete ${guestLabel(guest)}: ${message}`,
      }
    }

    return {
      fields: {disks, backupJobs, replicationJobs, ...(guest.haState !== undefined && {haState: guest.haState})},
      text: [super.planOf(guest, flags).text, ...belongings(deletion, flags.purge)].join('\n'),
    }
  }

  protected override nativeLines({node, type, vmid}: Guest, flags: DeleteFlags): NativeLine[] {
    const options = {
      ...(flags.purge && {purge: true}),
      ...(flags['unreferenced-disks'] && {'destroy-unreferenced-disks': true}),
    }
    return [
      ...(flags.force ? [{node, command: guestCommand(type, 'stop', [vmid])}] : []),
      {node, command: guestCommand(type, 'delete', [vmid], options)},
    ]
  }

  /** The name of the one, or the number of the many, has to be typed: a stray Enter deletes nothing. */
  protected override async confirm(guests: readonly Guest[], flags: DeleteFlags): Promise<void> {
    const [first] = guests
    if (flags.yes || first === undefined) return
    for (const guest of guests) {
      const deletion = this.#deletions.get(guest.vmid)
      this.note(
        `  ${guestLabel(guest)} on ${guest.node}, ${guest.status}${deletion?.refusal === undefined ? '' : `: will be refused, ${deletion.refusal.message}`}`,
      )
      if (deletion !== undefined && deletion.refusal === undefined)
        for (const line of belongings(deletion, flags.purge)) this.note(`  ${line}`)
    }

    const one = guests.length === 1
    const what = one ? guestLabel(first) : `${guests.length} ${guestNoun(this.guestType)}s`
    const answer = one ? (first.name ?? String(first.vmid)) : String(guests.length)
    const typed = await this.unwrap(this.prompt.confirmName(`Delete ${what} for good?`, answer, '--yes'))
    if (!typed) this.fail(failure('refused', `nothing was deleted: something else than ${answer} was typed`))
  }
}

/** What goes with a guest, a line each. */
function belongings({backupJobs, disks, guest, replicationJobs}: Deletion, purge: boolean): string[] {
  return [
    ...disks.map(
      ({key, sizeBytes, volume}) =>
        `  ${key ?? 'not in its configuration'}: ${volume}${sizeBytes === undefined ? '' : `, ${formatSize(sizeBytes)}`}`,
    ),
    ...(purge && guest.haState !== undefined ? [`  high-availability resource (${guest.haState})`] : []),
    ...(purge ? replicationJobs.map((id) => `  replication job ${id}`) : []),
    ...(purge ? backupJobs.map((id) => `  its place in backup job ${id}`) : []),
  ]
}

function optionsFrom(flags: DeleteFlags): DeletionOptions {
  return {stopFirst: flags.force, purge: flags.purge, unreferencedDisks: flags['unreferenced-disks']}
}
