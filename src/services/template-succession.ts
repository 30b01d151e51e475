import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import {withProvenance, type Provenance} from '../domain/template-provenance.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {DeviceRepository, SettingValues} from '../repositories/device-repository.js'
import type {GuestRef, GuestRepository} from '../repositories/guest-repository.js'
import type {DeleteService} from './delete-service.js'
import type {Patience, Timing} from './patience.js'
import type {TaskService} from './task-service.js'
import type {MadeTemplate} from './template-maker.js'

/** A template that another one replaces. */
export interface OldTemplate {
  readonly guest: Guest & {readonly name: string}
  readonly provenance: Provenance
  readonly notes: string
}

/** What became of it. */
export interface PreviousTemplate {
  readonly vmid: number
  readonly builtAt: string
  readonly deleted: boolean
  /** What it is called now, where it was kept. */
  readonly name?: string
  readonly keptBecause?: string
}

export interface SuccessionParts {
  readonly cluster: ClusterRepository
  readonly guests: GuestRepository
  readonly devices: Pick<DeviceRepository, 'change'>
  readonly deletion: DeleteService
  readonly tasks: TaskService
  readonly timing: Timing
}

const DELETION = {stopFirst: false, purge: false, unreferencedDisks: false}

/** Gives a new template the name of an old one, without a moment in which there is none of that name. */
export class TemplateSuccession {
  constructor(private readonly parts: SuccessionParts) {}

  /**
   * The new one gets the name, then the old one another, then the old one goes unless something needs it. Where the names cannot be changed, the new one is
   * removed, and all is as before.
   */
  async succeed(
    old: OldTemplate,
    made: MadeTemplate,
    keepOld: boolean,
    patience: Patience,
  ): Promise<Result<PreviousTemplate & {readonly warnings: readonly string[]}, Failure>> {
    const {guest, notes, provenance} = old
    const {name} = guest
    const listed = await this.parts.cluster.resources('vm')
    const dated = listed.map(({guests}) => datedName(name, provenance.builtAt, guests))
    if (dated.isErr()) return err(await this.undo(guest, made, dated.error, patience))
    const replacedAt = new Date(this.parts.timing.now()).toISOString()
    const named = await this.set({...made, type: 'qemu'}, {name}, patience)
    if (named.isErr()) return err(await this.undo(guest, made, named.error, patience))
    const description = withProvenance(notes, {...provenance, replacedAt})
    const renamed = await this.set(guest, {name: dated.value, description}, patience)
    if (renamed.isErr()) return err(await this.undo(guest, made, renamed.error, patience))
    const kept = {vmid: guest.vmid, builtAt: provenance.builtAt, deleted: false, name: dated.value}
    if (keepOld) return ok({...kept, keptBecause: 'it was to be kept', warnings: []})
    const [found] = await this.parts.deletion.inspect([{...guest, name: dated.value}], DELETION, {parallel: 1})
    const warnings = found?.warnings ?? []
    const deleted =
      found === undefined
        ? err(failure('interrupted', 'interrupted'))
        : await this.parts.deletion.delete(found, {...DELETION, wait: true}, patience)
    return deleted.match(
      () => ok({vmid: guest.vmid, builtAt: provenance.builtAt, deleted: true, warnings}),
      ({message}) =>
        ok({
          ...kept,
          keptBecause: message,
          warnings: [...warnings, `the old template is kept as ${dated.value} (VM ${guest.vmid}): ${message}`],
        }),
    )
  }

  /** Sets options, and looks whether they are set: an answer that was lost is no failure where they are. */
  private async set(
    vm: GuestRef,
    values: SettingValues & {readonly name: string},
    patience: Patience,
  ): Promise<Result<void, Failure>> {
    const {devices, guests, tasks} = this.parts
    const what = `rename ${guestLabel(vm)} to ${values.name}`
    const sent = await devices.change(vm, what, values, undefined)
    if (sent.isErr() && sent.error.kind !== 'outcome-unknown') return err(sent.error)
    const upid = sent.unwrapOr(undefined)
    if (upid !== undefined) {
      patience.onStep?.({text: what})
      const ended = await tasks.waitOk(upid, what, patience)
      if (ended.isErr()) return err(ended.error)
    }

    const read = await guests.config(vm)
    if (read.isErr()) return err(read.error)
    if (read.value['name'] === values.name) return ok(undefined)
    return err(sent.isErr() ? sent.error : failure('unexpected', `${guestLabel(vm)} is not called ${values.name} now`))
  }

  /** Takes the new one away again; the old one has kept its name. */
  private async undo(
    old: OldTemplate['guest'],
    made: MadeTemplate,
    cause: Failure,
    patience: Patience,
  ): Promise<Failure> {
    const {guests, tasks} = this.parts
    const {node, vmid} = made
    const details = {...cause.details, cause: cause.kind, vmid: old.vmid, newVmid: vmid, node}
    const isOpen = ['interrupted', 'terminated', 'timeout', 'outcome-unknown'].includes(cause.kind)
    const left = `the new template, VM ${vmid} on ${node}, is there beside the old one, VM ${old.vmid}`
    const hint = `Look at both: homelab proxmox template list; remove one: homelab proxmox vm delete ${vmid} --yes`
    if (isOpen) return {...cause, message: `${left}: ${cause.message}`, hint, details}
    const what = `removal of VM ${vmid}`
    const sent = await guests.delete({vmid, node, type: 'qemu'})
    const removed = sent.isErr() ? err(sent.error) : await tasks.waitOk(sent.value, what, patience)
    return removed.isOk()
      ? {
          ...cause,
          kind: 'rolled-back',
          message: `${guestLabel(old)} was not replaced, and the new one was removed again: ${cause.message}`,
          details,
        }
      : {
          ...cause,
          kind: 'rollback-failed',
          message: `${left}, and could not be removed: ${removed.error.message}`,
          hint,
          details,
        }
  }
}

/** `ubuntu-24.04-20260203`, with a number where that is taken. */
export function datedName(name: string, builtAt: string, guests: readonly Pick<Guest, 'name'>[]): string {
  const date = builtAt.slice(0, 10).replaceAll('-', '')
  const last = name.slice(name.lastIndexOf('.') + 1)
  // A label of a name has at most 63 characters.
  const stem = (last.length > 50 ? name.slice(0, 50 - last.length) : name).replace(/-+$/, '')
  const taken = new Set(guests.map((guest) => guest.name))
  let wanted = `${stem}-${date}`
  for (let number = 2; taken.has(wanted); number++) wanted = `${stem}-${date}-${number}`
  return wanted
}
