import type {GuestRecord} from '../kernel/state.js'
import type {Task} from '../kernel/tasks.js'
import type {World} from '../kernel/world.js'

/** A shutdown nobody limits may take so many seconds (reference 2.12). */
const SHUTDOWN_SECONDS = 60
const FIRST_PID = 2000
const PID_RANGE = 30_000

export interface StopOptions {
  readonly skiplock?: boolean | undefined
  /** Asks the guest instead of pulling the plug. */
  readonly shutdown?: boolean
  /** Pulls the plug when the guest does not obey in time. */
  readonly force?: boolean
  /** Seconds. */
  readonly timeout?: number | undefined
}

/** The process of a guest that starts now. */
export function newRun(world: World, config: GuestRecord['config']): NonNullable<GuestRecord['run']> {
  return {pid: FIRST_PID + (world.meta.lastPid % PID_RANGE), startedAt: world.clock.nowMs(), config}
}

/** Seconds a guest gets to shut down: as asked for, or as its `startup` says. */
export function shutdownSeconds({config}: Pick<GuestRecord, 'config'>, timeout: number | undefined): number {
  const configured = /(?:^|,)down=(\d+)/.exec(String(config['startup'] ?? ''))?.[1]
  return timeout ?? Number(configured ?? SHUTDOWN_SECONDS)
}

/** Whether a node has a bridge a guest can be plugged into. */
export function hasBridge(world: World, node: string, bridge: string): boolean {
  return (
    world.store.of('network').get(`${node}/${bridge}`)?.active !== undefined ||
    world.store.of('sdn').has(`vnets/${bridge}`)
  )
}

/** Waits until a guest that hears nothing is stopped by somebody else, or the time is over; tells which. */
export async function awaitStop(task: Task, seconds: number, isStopped: () => boolean): Promise<boolean> {
  for (let waited = 0; waited < seconds && !isStopped(); waited++) await task.patience(1)
  return isStopped()
}
