import type {Call, Routes} from '../kernel/call.js'
import type {World} from '../kernel/world.js'

const PATH = '/nodes/{node}'
const DEFAULT_LIMIT = 500

interface Entry {
  /** Epoch seconds. */
  readonly time: number
  readonly text: string
}

/** The journal of a node: what its API daemon said of the tasks it started. */
export const nodeLogRoutes: Routes = {
  [`GET ${PATH}/syslog`](call) {
    const since = seconds(call.text('since'))
    const until = seconds(call.text('until'))
    const lines = entries(call.world, call.node)
      .filter(({time}) => (since === undefined || time >= since) && (until === undefined || time <= until))
      .filter(() => ['', 'pvedaemon', 'pvedaemon.service'].includes(call.text('service') ?? ''))
      .map(({text}) => text)
    if (lines.length === 0) lines.push('-- No entries --')
    call.total = lines.length
    const start = call.number('start') ?? 0
    return lines
      .slice(start, start + (call.number('limit') ?? DEFAULT_LIMIT))
      .map((line, index) => ({n: start + index + 1, t: line}))
  },

  /** Between two cursors, which a client sends back to go on. */
  [`GET ${PATH}/journal`](call) {
    const all = entries(call.world, call.node)
    const [since, until, last] = [call.number('since'), call.number('until'), call.number('lastentries')]
    const from = position(call, 'startcursor') ?? 0
    const to = position(call, 'endcursor') ?? all.length
    let shown = all
      .map((entry, index) => ({...entry, index}))
      .filter(
        ({time, index}) =>
          index >= from &&
          index < to &&
          (since === undefined || time >= since) &&
          (until === undefined || time <= until),
      )
    if (last !== undefined) shown = shown.slice(-last || shown.length)
    const first = shown[0]?.index ?? from
    return [cursor(first), ...shown.map(({text}) => text), cursor(shown.length === 0 ? first : shown.at(-1)!.index + 1)]
  },
}

const cursor = (index: number): string => `s=${'0'.repeat(31)}1;i=${index.toString(16)}`

function position(call: Call, name: string): number | undefined {
  const index = /;i=([0-9a-f]+)/.exec(call.text(name) ?? '')?.[1]
  return index === undefined ? undefined : Number.parseInt(index, 16)
}

function entries(world: World, node: string): readonly Entry[] {
  const {timezone} = world.node(node)
  const line = (time: number, user: string, what: string): Entry => ({
    time,
    text: `${stamp(time, timezone)} ${node} pvedaemon[${DAEMON_PID}]: <${user}> ${what}`,
  })
  return [...world.store.of('tasks').values()]
    .filter((task) => task.node === node)
    .flatMap(({upid, user, starttime, endtime, status}) => [
      line(starttime, user, `starting task ${upid}`),
      ...(endtime === undefined ? [] : [line(endtime, user, `end task ${upid} ${status ?? ''}`)]),
    ])
    .sort((a, b) => a.time - b.time)
}

const DAEMON_PID = 1021

/** `Nov 21 13:05:09` */
function stamp(time: number, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    month: 'short',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(time * 1000)
  const part = (type: string): string => parts.find((found) => found.type === type)?.value ?? ''
  return `${part('month')} ${part('day')} ${part('hour')}:${part('minute')}:${part('second')}`
}

/** `2026-11-21 13:05` in epoch seconds. */
function seconds(text: string | undefined): number | undefined {
  return text === undefined
    ? undefined
    : Math.floor(Date.parse(`${text.replace(' ', 'T')}${text.length > 10 ? 'Z' : 'T00:00:00Z'}`) / 1000)
}
