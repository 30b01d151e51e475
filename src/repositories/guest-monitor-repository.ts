import type {ResultAsync} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import {guestLabel} from '../domain/guest.js'
import type {GuestNow, HistorySpan, UsagePoint} from '../domain/guest-now.js'
import type {Connection} from '../proxmox/connection.js'
import type {GuestRef} from './guest-repository.js'
import {ask, asFlag, asNumber, asText, present, record, records, type Fields} from './reply.js'

/** What a guest does now and did lately: `/nodes/{node}/qemu|lxc/{vmid}/status/current` and `…/rrddata`. */
export class GuestMonitorRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  /** `GET …/status/current`: asked of QEMU or the kernel itself, so never out of date. */
  current(guest: GuestRef): ResultAsync<GuestNow, Failure> {
    return ask(`read the state of ${guestLabel(guest)}`, () => this.at(guest).status.current.$get(), record).map(
      (row) => nowFrom(row, guest),
    )
  }

  /** `GET …/rrddata`: averages, oldest first. */
  history(guest: GuestRef, span: HistorySpan): ResultAsync<UsagePoint[], Failure> {
    return ask(
      `read the history of ${guestLabel(guest)}`,
      () => this.at(guest).rrddata.$get({timeframe: span, cf: 'AVERAGE'}),
      records,
    ).map((rows) =>
      rows
        .filter((row) => asNumber(row.time) !== undefined)
        .map((row) => pointFrom(row, guest))
        .sort((a, b) => (a.time < b.time ? -1 : 1)),
    )
  }

  private at(guest: GuestRef) {
    const node = this.connection.api.nodes.$(guest.node)
    return guest.type === 'qemu'
      ? node.qemu.$(guest.vmid)
      : (node.lxc.$(guest.vmid) as unknown as ReturnType<typeof node.qemu.$>)
  }
}

function nowFrom(row: Fields, {type}: GuestRef): GuestNow {
  return present({
    status: asText(row.qmpstatus) ?? asText(row.status) ?? 'unknown',
    template: asFlag(row.template),
    haManaged: asFlag((row.ha as Fields | undefined)?.managed),
    lock: asText(row.lock),
    agentEnabled: type === 'qemu' ? asFlag(row.agent) : undefined,
    cpus: asNumber(row.cpus),
    cpuUsage: asNumber(row.cpu),
    memoryBytes: asNumber(row.maxmem),
    memoryUsedBytes: asNumber(row.mem),
    memoryHostBytes: asNumber(row.memhost),
    diskBytes: asNumber(row.maxdisk),
    diskUsedBytes: type === 'lxc' ? asNumber(row.disk) : undefined,
    uptimeSeconds: asNumber(row.uptime),
  }) as GuestNow
}

/** Where nothing was measured the keys are absent, and so they stay: a gap is not a zero. */
function pointFrom(row: Fields, {type}: GuestRef): UsagePoint {
  return present({
    time: new Date((asNumber(row.time) ?? 0) * 1000).toISOString(),
    cpuUsage: asNumber(row.cpu),
    memoryUsedBytes: whole(row.mem),
    diskUsedBytes: type === 'lxc' ? whole(row.disk) : undefined,
    netInBytesPerSecond: whole(row.netin),
    netOutBytesPerSecond: whole(row.netout),
    diskReadBytesPerSecond: whole(row.diskread),
    diskWriteBytesPerSecond: whole(row.diskwrite),
  }) as UsagePoint
}

/** Averages have fractions of bytes. */
function whole(value: unknown): number | undefined {
  const number = asNumber(value)
  return number === undefined ? undefined : Math.round(number)
}
