import {Flags} from '@oclif/core'
import type {Result} from 'neverthrow'

import {EXIT_CODES, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import type {MoveWish} from '../domain/migration.js'
import {guestCommand, type NativeLine} from '../domain/native-command.js'
import {formatSize} from '../domain/size.js'
import type {MoveCandidate, MovedGuest} from '../services/migrate-service.js'
import type {Patience} from '../services/patience.js'
import {countFlag, durationFlag, nativeFlag, sizeFlag} from './flags.js'
import {GuestActionCommand, guestActionFlags, type GuestActionFlags} from './guest-action-command.js'
import type {Services} from './services.js'
import {migrateService} from './wiring/migrate.js'

/** Moves side by side; a node's network and disks have other things to do. */
const PARALLEL = 2

/** For VMs and containers. */
export const migrateFlags = {
  ...guestActionFlags,
  ...nativeFlag,
  parallel: countFlag({default: PARALLEL, description: 'How many at a time.', env: 'HOMELAB_PARALLEL', max: 16}),
  to: Flags.string({description: 'Node to move to.', helpValue: 'NODE', required: true}),
  'target-storage': Flags.string({
    description: 'Where disks go there: one storage for all, or pairs: local-lvm:ceph,nas:ceph.',
    helpValue: 'STORAGE|PAIRS',
  }),
  bandwidth: sizeFlag({description: 'Bytes per second at most, as 100MiB.'}),
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
}

/** Moves guests to another node, after Proxmox VE has been asked what is against it. */
export abstract class GuestMigrateCommand extends GuestActionCommand<MigrateFlags, MovedGuest> {
  static override args = GuestActionCommand.args

  protected readonly verb = 'move'
  protected readonly past = 'moved'
  protected override readonly ask = 'selection'
  #candidates: ReadonlyMap<number, MoveCandidate> = new Map()

  protected override async examine(_services: Services, guests: readonly Guest[], flags: MigrateFlags): Promise<void> {
    if (!flags['dry-run'] && flags['print-native'] !== true) return
    const service = await this.use(migrateService)
    const found: MoveCandidate[] = []
    for (const guest of guests) found.push(await this.unwrap(service.examine(guest, wishFrom(flags))))
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
    return service.move(guest, wishFrom(flags), patience, {wait: flags.wait})
  }

  protected override sentence(moved: MovedGuest): string {
    if (!moved.changed) return `${guestLabel(moved)} is on ${moved.node} already`
    if (moved.upid !== undefined) return moved.upid
    const how = moved.manner === 'online' ? 'while it ran' : moved.manner === 'restart' ? 'with a restart' : 'stopped'
    return `${guestLabel(moved)} moved from ${moved.from} to ${moved.node}, ${how}`
  }

  protected override planOf(guest: Guest, flags: MigrateFlags): {fields?: object; text: string} {
    const candidate = this.#candidates.get(guest.vmid)
    if (candidate === undefined) return super.planOf(guest, flags)
    const {check, refusal, running} = candidate
    if (refusal !== undefined) {
      const {hint, kind, message} = refusal
      return {
        fields: {to: flags.to, refused: {code: kind, message, ...(hint !== undefined && {hint})}},
        text: `would not move ${guestLabel(guest)}: ${message}`,
      }
    }

    if (candidate.guest.node === flags.to)
      return {fields: {to: flags.to}, text: `${guestLabel(guest)} is on ${flags.to} already`}
    const disks = check.localDisks.map(({key, sizeBytes, volume}) => ({
      ...(key !== undefined && {key}),
      volume,
      ...(sizeBytes !== undefined && {sizeBytes}),
    }))
    return {
      fields: {to: flags.to, running, copies: disks},
      text: [
        `would move ${guestLabel(guest)} from ${candidate.guest.node} to ${flags.to} (${running ? 'running' : 'stopped'})`,
        ...disks.map(
          ({key, sizeBytes, volume}) =>
            `  copies ${key ?? ''} ${volume}${sizeBytes === undefined ? '' : `, ${formatSize(sizeBytes)}`}`,
        ),
      ].join('\n'),
    }
  }

  protected override nativeLines({node, type, vmid}: Guest, flags: MigrateFlags): NativeLine[] {
    const running = this.#candidates.get(vmid)?.running ?? false
    const {bandwidthKib, localDisks, restart, shutdownSeconds, storageMap} = wishFrom(flags)
    const options =
      type === 'qemu'
        ? {online: running || undefined, 'with-local-disks': localDisks, targetstorage: storageMap}
        : {restart: (running && restart) || undefined, timeout: shutdownSeconds, 'target-storage': storageMap}
    return [{node, command: guestCommand(type, 'migrate', [vmid, flags.to], {...options, bwlimit: bandwidthKib})}]
  }
}

function wishFrom(flags: MigrateFlags): MoveWish {
  const {bandwidth, grace, restart, to} = flags
  return {
    target: to,
    ...(restart === true && {restart}),
    ...(flags['with-local-disks'] === true && {localDisks: true}),
    ...(flags['target-storage'] !== undefined && {storageMap: flags['target-storage']}),
    ...(bandwidth !== undefined && {bandwidthKib: Math.max(1, Math.floor(bandwidth / 1024))}),
    ...(grace !== undefined && {shutdownSeconds: Math.ceil(grace / 1000)}),
  }
}
