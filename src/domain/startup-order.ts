import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from './failure.js'
import {parsePropertyString} from './property-string.js'

/** A guest's `startup` option: its place in the order of start and shutdown, and how much time it gets. */
export interface Startup {
  /** Lowest starts first. Guests without one come after all others at start and before them at shutdown. */
  readonly order?: number
  /** After its start, before the next one is started. */
  readonly upSeconds?: number
  /** How long it gets to shut down, where nobody says otherwise; the server itself reads it. */
  readonly downSeconds?: number
}

/** Guests that go at the same time. */
export interface StartupGroup<G> {
  readonly order?: number
  readonly members: readonly {readonly guest: G; readonly startup: Startup}[]
}

/** `start`: ascending; `stop`: descending. */
export type StartupDirection = 'start' | 'stop'

/** Reads `order=2,up=30,down=60`; a bare number is the order. What is no whole number is left out. */
export function parseStartup(value: unknown): Startup {
  const parts = parsePropertyString(value === undefined || value === null ? '' : String(value), {defaultKey: 'order'})
  const number = (key: string): number | undefined => {
    const text = parts.get(key)?.trim() ?? ''
    return /^\d+$/.test(text) ? Number(text) : undefined
  }

  const order = number('order')
  const upSeconds = number('up')
  const downSeconds = number('down')
  return {
    ...(order !== undefined && {order}),
    ...(upSeconds !== undefined && {upSeconds}),
    ...(downSeconds !== undefined && {downSeconds}),
  }
}

/** What people write for `startup`, as Proxmox VE wants it: `2,up=30` is `order=2,up=30`. */
export function startupValue(text: string): Result<string, Failure> {
  const value = /^\d+(?:,|$)/.test(text) ? `order=${text}` : text
  return /^(?:order|up|down)=\d+(?:,(?:order|up|down)=\d+)*$/.test(value)
    ? ok(value)
    : err(
        failure('usage', `--startup: "${text}" is not possible`, {
          hint: 'Write order=2,up=30,down=60: the place, and the seconds to wait after start and for shutdown',
          details: {field: 'startup', value: text},
        }),
      )
}

/** Sorts guests as a node does at boot and shutdown: the same order is one group. Within a group they stay as they were. */
export function startupGroups<G>(
  members: readonly {readonly guest: G; readonly startup: Startup}[],
  direction: StartupDirection,
): StartupGroup<G>[] {
  const groups = new Map<number, {guest: G; startup: Startup}[]>()
  for (const member of members) {
    const order = member.startup.order ?? Infinity
    const group = groups.get(order)
    if (group === undefined) groups.set(order, [member])
    else group.push(member)
  }

  return [...groups]
    .sort(([a], [b]) => (direction === 'start' ? compare(a, b) : compare(b, a)))
    .map(([order, sorted]) => ({...(order !== Infinity && {order}), members: sorted}))
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1
}
