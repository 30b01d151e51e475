import {Flags} from '@oclif/core'
import {ok, type Result} from 'neverthrow'

import {EXIT_CODES, failure, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import type {MigrationCheck, MoveWish} from '../domain/migration.js'
import {guestCommand, type NativeLine} from '../domain/native-command.js'
import {formatSize} from '../domain/size.js'
import type {MoveCandidate, MovedGuest} from '../services/migrate-service.js'
import type {Patience} from '../services/patience.js'
import type {BetterPlace} from '../services/placement-service.js'
import {countFlag, durationFlag, nativeFlag, sizeFlag} from './flags.js'
import {GuestActionCommand, guestActionFlags, type GuestActionFlags} from './guest-action-command.js'
import type {Services} from './services.js'
import {memoryCeilingFlag, policyOf} from './placement-flags.js'
import {migrateService} from './wiring/migrate.js'
import {placementService} from './wiring/placement.js'

/** Moves side by side; a node's network and disks have other things to do. */
const PARALLEL = 2
/** Instead of a node: the best other one. */
const AUTO = 'auto'

/** For VMs and containers. */
export const migrateFlags = {
  ...guestActionFlags,
  ...nativeFlag,
  parallel: countFlag({default: PARALLEL, description: 'How many at a time.', env: 'HOMELAB_PARALLEL', max: 16}),
  to: Flags.string({
    default: AUTO,
    description: 'Node to move to; "auto": the best other one, as "placement explain" has it.',
    helpValue: 'NODE|auto',
  }),
  'target-storage': Flags.string({
    description: 'Where disks go there: one storage for all, or pairs: local-lvm:ceph,nas:ceph.',
    helpValue: 'STORAGE|PAIRS',
  }),
  bandwidth: sizeFlag({description: 'Bytes per second at most, as 100MiB.'}),
  ...memoryCeilingFlag,
}

/** Only VMs can take their local disks along while they run. */
export const vmMigrateFlags = {
  ...migrateFlags,
  'with-local-disks': Flags.boolean({description: 'Copy disks on local storage while it runs.'}),
}

/** Only containers have to be restarted. */
export const lxcMigrateFlags = {
  ...migrateFlags,
  restart: Flags.boolean({description: 'Shut a running container down, move it, and start it there.'}),
  grace: durationFlag({description: 'How long it gets to shut down; 3m by default.'}),
}

export interface MigrateFlags extends GuestActionFlags {
  readonly to: string
  readonly 'target-storage'?: string | undefined
  readonly bandwidth?: number | undefined
  readonly 'with-local-disks'?: boolean
  readonly restart?: boolean
  readonly grace?: number | undefined
  readonly 'memory-ceiling'?: number | undefined
}

/** Moves guests to another node, after Proxmox VE has been asked what is against it. */
export abstract class GuestMigrateCommand extends GuestActionCommand<MigrateFlags, MovedGuest> {
  static override args = GuestActionCommand.args

  protected readonly verb = 'move'
  protected readonly past = 'moved'
  protected override readonly ask = 'selection'
  #candidates: ReadonlyMap<number, MoveCandidate> = new Map()
  #places: ReadonlyMap<number, Result<BetterPlace, Failure>> = new Map()

  protected override async examine(_services: Services, guests: readonly Guest[], flags: MigrateFlags): Promise<void> {
    if (flags.to === AUTO) await this.choosePlaces(guests, flags)
    if (!flags['dry-run'] && flags['print-native'] !== true) return
    const service = await this.use(migrateService)
    const found: MoveCandidate[] = []
    for (const guest of guests) {
      const wish = this.wishFor(guest, flags)
      found.push(
        wish.isOk()
          ? await this.unwrap(service.examine(guest, wish.value))
          : {guest, running: guest.status !== 'stopped', check: UNASKED, refusal: wish.error},
      )
    }

    this.#candidates = new Map(found.map((candidate) => [candidate.guest.vmid, candidate]))
    const [only] = found
    if (found.length === 1 && only?.refusal !== undefined) this.fail(only.refusal)
    if (found.some(({refusal}) => refusal !== undefined)) this.endWith(EXIT_CODES.partial)
  }

  protected async act(
    _services: Services,
    guest: Guest,
    flags: MigrateFlags,
    patience: Patience,
  ): Promise<Result<MovedGuest, Failure>> {
    const service = await this.use(migrateService)
    return this.wishFor(guest, flags).asyncAndThen((wish) => service.move(guest, wish, patience, {wait: flags.wait}))
  }

  private async choosePlaces(guests: readonly Guest[], flags: MigrateFlags): Promise<void> {
    if (flags['target-storage'] !== undefined) {
      this.fail(
        failure('usage', '--to auto does not go with --target-storage', {
          hint: 'Name the node that has this storage: --to NODE',
          details: {field: 'to'},
        }),
      )
    }

    const placements = await this.use(placementService)
    const policy = policyOf(flags, await this.settings())
    this.#places = await this.unwrap(
      placements.elsewhere(guests, ({status, type}) => ({
        ...policy,
        // Disks of what does not run while it moves are copied without being asked for.
        localDisks: flags['with-local-disks'] === true || type === 'lxc' || status === 'stopped',
      })),
    )
    for (const guest of guests) {
      const place = this.#places.get(guest.vmid)
      if (place?.isOk() === true) this.note(`${guestLabel(guest)}: to ${place.value.node} (${place.value.reason})`)
    }
  }

  private wishFor({vmid}: Guest, flags: MigrateFlags): Result<MoveWish, Failure> {
    return (this.#places.get(vmid) ?? ok({node: flags.to})).map(({node}) => wishFrom(flags, node))
  }

  /** Where it goes; what was asked for where that is not known. */
  private targetOf({vmid}: Guest, {to}: MigrateFlags): string {
    return this.#places.get(vmid)?.unwrapOr(undefined)?.node ?? to
  }

  protected override sentence(moved: MovedGuest): string {
    if (!moved.changed) return `${guestLabel(moved)} is on ${moved.node} already`
    if (moved.upid !== undefined) return moved.upid
    const how = moved.manner === 'online' ? 'while it ran' : moved.manner === 'restart' ? 'with a restart' : 'stopped'
    return `${guestLabel(moved)} moved from ${moved.from} to ${moved.node}, ${how}`
  }

  protected override planOf(guest: Guest, flags: MigrateFlags): {fields?: object; text: string} {
    const candidate = this.#candidates.get(guest.vmid)
    const to = this.targetOf(guest, flags)
    if (candidate === undefined) return super.planOf(guest, flags)
    const {check, refusal, running} = candidate
    if (refusal !== undefined) {
      const {hint, kind, message} = refusal
      return {
        fields: {to, refused: {code: kind, message, ...(hint !== undefined && {hint})}},
        text: `would not move ${guestLabel(guest)}: ${message}`,
      }
    }

    if (candidate.guest.node === to) return {fields: {to}, text: `${guestLabel(guest)} is on ${to} already`}
    const disks = check.localDisks.map(({key, sizeBytes, volume}) => ({
      ...(key !== undefined && {key}),
      volume,
      ...(sizeBytes !== undefined && {sizeBytes}),
    }))
    return {
      fields: {to, running, copies: disks},
      text: [
        `would move ${guestLabel(guest)} from ${candidate.guest.node} to ${to} (${running ? 'running' : 'stopped'})`,
        ...disks.map(
          ({key, sizeBytes, volume}) =>
            `  copies ${key ?? ''} ${volume}${sizeBytes === undefined ? '' : `, ${formatSize(sizeBytes)}`}`,
        ),
      ].join('\n'),
    }
  }

  protected override nativeLines(guest: Guest, flags: MigrateFlags): NativeLine[] {
    const {node, type, vmid} = guest
    const to = this.targetOf(guest, flags)
    const running = this.#candidates.get(vmid)?.running ?? false
    const {bandwidthKib, localDisks, restart, shutdownSeconds, storageMap} = wishFrom(flags, to)
    const options =
      type === 'qemu'
        ? {online: running || undefined, 'with-local-disks': localDisks, targetstorage: storageMap}
        : {restart: (running && restart) || undefined, timeout: shutdownSeconds, 'target-storage': storageMap}
    return [{node, command: guestCommand(type, 'migrate', [vmid, to], {...options, bwlimit: bandwidthKib})}]
  }
}

const UNASKED: MigrationCheck = {running: false, localDisks: [], localResources: []}

function wishFrom(flags: MigrateFlags, target: string): MoveWish {
  const {bandwidth, grace, restart} = flags
  return {
    target,
    ...(restart === true && {restart}),
    ...(flags['with-local-disks'] === true && {localDisks: true}),
    ...(flags['target-storage'] !== undefined && {storageMap: flags['target-storage']}),
    ...(bandwidth !== undefined && {bandwidthKib: Math.max(1, Math.floor(bandwidth / 1024))}),
    ...(grace !== undefined && {shutdownSeconds: Math.ceil(grace / 1000)}),
  }
}
