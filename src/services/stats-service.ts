import {okAsync, type ResultAsync} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import type {Guest, GuestType} from '../domain/guest.js'
import type {GuestNow, HistorySpan, UsagePoint} from '../domain/guest-now.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {GuestMonitorRepository} from '../repositories/guest-monitor-repository.js'
import type {NodeLimit} from './node-limit.js'
import {following} from './relocation.js'

/** A measurement older than this says nothing about now. */
const FRESH_MS = 5 * 60 * 1000

type Rates = Pick<
  UsagePoint,
  'diskReadBytesPerSecond' | 'diskWriteBytesPerSecond' | 'netInBytesPerSecond' | 'netOutBytesPerSecond'
>

/** What a guest uses. Rates are the mean of the last measured minute; they are absent while it does not run or was not measured lately. */
export interface GuestStats extends Rates, Omit<GuestNow, 'agentEnabled' | 'haManaged' | 'template'> {
  readonly vmid: number
  readonly name?: string
  readonly type: GuestType
  readonly node: string
  /** The end of the minute that the rates are of. */
  readonly ratesAt?: string
  readonly historySpan?: HistorySpan
  /** Oldest first; a point where nothing was measured has its time alone. */
  readonly history?: readonly UsagePoint[]
}

/** What guests use now, and used lately. */
export class StatsService {
  constructor(
    private readonly monitor: Pick<GuestMonitorRepository, 'current' | 'history'>,
    private readonly cluster: ClusterRepository,
    private readonly limit: NodeLimit,
  ) {}

  /** @param span how far the history goes back; without it there is none */
  async read(guest: Guest, span?: HistorySpan): Promise<Awaited<ResultAsync<GuestStats, Failure>>> {
    return this.limit.run(guest.node, () => following(this.cluster, guest, (at) => this.readAt(at, span)))
  }

  private readAt(guest: Guest, span: HistorySpan | undefined): ResultAsync<GuestStats, Failure> {
    return this.monitor.current(guest).andThen((now) => {
      const lately: ResultAsync<UsagePoint[], Failure> =
        now.status === 'stopped' ? okAsync([]) : this.monitor.history(guest, 'hour')
      return lately.andThen((hour) =>
        this.historyOf(guest, span, hour, now).map((history) => statsOf(guest, now, ratesIn(hour), span, history)),
      )
    })
  }

  private historyOf(
    guest: Guest,
    span: HistorySpan | undefined,
    hour: readonly UsagePoint[],
    {status}: GuestNow,
  ): ResultAsync<readonly UsagePoint[] | undefined, Failure> {
    if (span === undefined) return okAsync(undefined)
    return span === 'hour' && status !== 'stopped' ? okAsync(hour) : this.monitor.history(guest, span)
  }
}

/** The last measured rates; the last point is the server's now, whatever our own clock says. */
function ratesIn(points: readonly UsagePoint[]): (Rates & {readonly ratesAt: string}) | undefined {
  const measured = points.findLast(({netInBytesPerSecond}) => netInBytesPerSecond !== undefined)
  const end = points.at(-1)
  if (measured === undefined || end === undefined) return undefined
  if (Date.parse(end.time) - Date.parse(measured.time) > FRESH_MS) return undefined
  const {diskReadBytesPerSecond, diskWriteBytesPerSecond, netInBytesPerSecond, netOutBytesPerSecond, time} = measured
  return {
    ...(netInBytesPerSecond !== undefined && {netInBytesPerSecond}),
    ...(netOutBytesPerSecond !== undefined && {netOutBytesPerSecond}),
    ...(diskReadBytesPerSecond !== undefined && {diskReadBytesPerSecond}),
    ...(diskWriteBytesPerSecond !== undefined && {diskWriteBytesPerSecond}),
    ratesAt: time,
  }
}

function statsOf(
  {name, node, type, vmid}: Guest,
  {agentEnabled: _agent, haManaged: _ha, template: _template, ...now}: GuestNow,
  rates: ReturnType<typeof ratesIn>,
  span: HistorySpan | undefined,
  history: readonly UsagePoint[] | undefined,
): GuestStats {
  return {
    vmid,
    ...(name !== undefined && {name}),
    type,
    node,
    ...now,
    ...rates,
    ...(span !== undefined && {historySpan: span}),
    ...(history !== undefined && {history}),
  }
}
