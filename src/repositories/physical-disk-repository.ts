import type {ResultAsync} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import type {PhysicalDisk} from '../domain/physical-disk.js'
import type {Connection} from '../proxmox/connection.js'
import {ask, asFlag, asNumber, asText, present, records, type Fields} from './reply.js'

/** The disks of machines: `/nodes/{node}/disks/…`. */
export class PhysicalDiskRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  /** `GET /nodes/{node}/disks/list`: asks each disk for its SMART state, so it may take a while and wake what sleeps; needs Sys.Audit. */
  list(node: string): ResultAsync<PhysicalDisk[], Failure> {
    return ask(
      `list the disks of node ${node}`,
      () => this.connection.api.nodes.$(node).disks.list.$get(),
      records,
    ).map((rows) => rows.map((row) => diskFrom(node, row)))
  }
}

function diskFrom(node: string, row: Fields): PhysicalDisk {
  const life = asNumber(row.wearout)
  const rpm = asNumber(row.rpm)
  return present({
    node,
    device: asText(row.devpath) ?? '',
    type: known(row.type),
    vendor: known(row.vendor),
    model: known(row.model),
    serial: known(row.serial),
    wwn: known(row.wwn),
    sizeBytes: asNumber(row.size),
    rpm: rpm !== undefined && rpm > 0 ? rpm : undefined,
    health: asText(row.health),
    // It is called wear, and counts the life that is left, in percent; "N/A" where there is none to count.
    wearFraction: life === undefined ? undefined : Math.min(1, Math.max(0, (100 - life) / 100)),
    usage: asText(row.used),
    mounted: row.mounted === undefined ? undefined : asFlag(row.mounted),
    osds: osdsFrom(row),
  }) as PhysicalDisk
}

/** `unknown` is Proxmox VE's word for what it does not know; names come padded with blanks. */
function known(value: unknown): string | undefined {
  const text = asText(value)?.trim()
  return text === undefined || text === '' || text === 'unknown' ? undefined : text
}

/** -1 stands for none; releases before 8 know one OSD of a disk only. */
function osdsFrom(row: Fields): number[] | undefined {
  const list = row['osdid-list']
  const ids = (Array.isArray(list) ? list : [row.osdid])
    .flatMap((value) => asNumber(value) ?? [])
    .filter((id) => id >= 0)
  return ids.length > 0 ? ids : undefined
}
