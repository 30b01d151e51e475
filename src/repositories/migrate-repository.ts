import type {ResultAsync} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import {guestLabel} from '../domain/guest.js'
import type {LocalDisk, MigrationCheck, MoveWish} from '../domain/migration.js'
import type {Connection} from '../proxmox/connection.js'
import type {GuestRef} from './guest-repository.js'
import {ask, asFlag, asNumber, asText, present, record, upidText, type Fields} from './reply.js'

/** Moving guests between nodes: `/nodes/{node}/qemu|lxc/{vmid}/migrate`. */
export class MigrateRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  /** What is against it; needs quorum. `GET …/migrate`, for containers since 9.0. */
  check(guest: GuestRef): ResultAsync<MigrationCheck, Failure> {
    return ask(`ask whether ${guestLabel(guest)} can move`, () => this.at(guest).migrate.$get(), record).map(checkFrom)
  }

  /** The task is `qmigrate`, `vzmigrate`, or `hamigrate` which only queues the wish; on the node that the guest leaves. `POST …/migrate` */
  migrate(guest: GuestRef, wish: MoveWish, running: boolean): ResultAsync<string, Failure> {
    const {bandwidthKib, localDisks, restart, shutdownSeconds, storageMap, target} = wish
    const common = {target, ...(bandwidthKib !== undefined && {bwlimit: bandwidthKib})}
    const vm = {
      ...(running && {online: true}),
      ...(localDisks === true && {'with-local-disks': true}),
      ...(storageMap !== undefined && {targetstorage: storageMap}),
    }
    const container = {
      ...(running && restart === true && {restart: true}),
      ...(running && shutdownSeconds !== undefined && {timeout: shutdownSeconds}),
      ...(storageMap !== undefined && {'target-storage': storageMap}),
    }
    const body = {...common, ...(guest.type === 'qemu' ? vm : container)}
    return ask(`move ${guestLabel(guest)} to ${target}`, () => this.at(guest).migrate.$post(body as never), upidText)
  }

  private at(guest: GuestRef) {
    const node = this.connection.api.nodes.$(guest.node)
    return guest.type === 'qemu'
      ? node.qemu.$(guest.vmid)
      : (node.lxc.$(guest.vmid) as unknown as ReturnType<typeof node.qemu.$>)
  }
}

/** VMs write underscores, containers hyphens; a node that is no obstacle is listed with an empty entry (cluster facts). */
function checkFrom(row: Fields): MigrationCheck {
  const either = (key: string): unknown => row[key] ?? row[key.replaceAll('_', '-')]
  const forbidden = either('not_allowed_nodes')
  const nodes = typeof forbidden === 'object' && forbidden !== null ? Object.entries(forbidden as Fields) : []
  const listed = (key: string): Record<string, string[]> =>
    Object.fromEntries(
      nodes.map(([node, entry]) => {
        const fields = (entry ?? {}) as Fields
        const value = fields[key] ?? fields[key.replaceAll('_', '-')] ?? fields[key.replaceAll('-', '_')]
        return [node, textsOf(value)]
      }),
    )
  return {
    running: asFlag(row.running),
    missingStorages: listed('unavailable_storages'),
    blockingHaResources: listed('blocking-ha-resources'),
    localDisks: rowsOf(either('local_disks')).map(diskFrom),
    localResources: textsOf(either('local_resources')),
  }
}

function diskFrom(row: Fields): LocalDisk {
  return present({
    volume: asText(row.volid) ?? '',
    key: asText(row.drivename),
    sizeBytes: asNumber(row.size),
    cdrom: asFlag(row.cdrom),
  }) as LocalDisk
}

/** A list of texts, or of objects that are named by their `sid`. */
function textsOf(value: unknown): string[] {
  if (!Array.isArray(value)) return []
  return value.map((one: unknown) =>
    typeof one === 'object' && one !== null ? String((one as Fields).sid) : String(one),
  )
}

function rowsOf(value: unknown): Fields[] {
  return Array.isArray(value) ? (value as Fields[]) : []
}
