import type {Guest, GuestType} from './guest.js'
import type {BlockedManner, MoveManner} from './move-plan.js'
import type {GuestOrigin} from './return-plan.js'

/**
 * `planned`: nothing was sent. `begun`: perhaps it was. `done`: it is away, or shut down. `returning`: perhaps it is on its way home, or starting. What is home
 * again is in no journal.
 */
export type DrainStepState = 'begun' | 'done' | 'planned' | 'returning'

interface StepOf {
  readonly vmid: number
  readonly name?: string
  readonly type: GuestType
  readonly state: DrainStepState
}

export interface MoveStep extends StepOf {
  readonly action: 'move'
  readonly to: string
  readonly manner: MoveManner
  /** What it takes at both ends while it moves. */
  readonly memoryBytes: number
  /** Its local disks are copied. */
  readonly copies?: true
  /** VMIDs that HA keeps with it. */
  readonly with?: readonly number[]
}

export interface ShutdownStep extends StepOf {
  readonly action: 'shutdown'
}

/** What a drain does with one guest. */
export type DrainStep = MoveStep | ShutdownStep

/** What has to outlive a drain that is killed: what was to be done, and how far it came. */
export interface DrainJournal {
  readonly version: 1
  readonly node: string
  /** Which process wrote it last. */
  readonly run: string
  /** ISO 8601. */
  readonly begunAt: string
  readonly phase: 'drained' | 'draining' | 'returning'
  readonly blocked: BlockedManner
  /** Guests that are stopped move, too. */
  readonly withStopped?: true
  readonly steps: readonly DrainStep[]
  /** Bytes of its memory that were taken when the drain began: see `fullAgain`. */
  readonly memoryBytes?: number
  /** Once it is drained: VMIDs of guests that were left running there on purpose. */
  readonly left?: readonly number[]
}

type Where = Pick<Guest, 'node' | 'status' | 'type' | 'vmid'>

/**
 * What a drain goes on with, by where the guests really are. What somebody else did is no step of ours: a guest that left or was stopped before its turn, that
 * came home, or that is gone.
 */
export function stepsToGoOnWith({node, steps}: DrainJournal, guests: readonly Where[]): DrainStep[] {
  const known = new Map(guests.map((guest) => [guest.vmid, guest]))
  return steps.flatMap((step) => {
    const guest = known.get(step.vmid)
    if (guest === undefined || guest.type !== step.type) return []
    const state = step.action === 'move' ? moveState(step, guest, node) : shutdownState(step, guest, node)
    return state === undefined ? [] : [{...step, state}]
  })
}

function moveState({manner, state}: MoveStep, guest: Where, home: string): DrainStepState | undefined {
  if (state === 'begun') return 'begun'
  const stopped = guest.status === 'stopped'
  if (guest.node !== home) return state === 'planned' ? undefined : 'done'
  if (state === 'planned') return stopped === (manner === 'offline') ? 'planned' : undefined
  // Its restart on the way home may have been cut off.
  return state === 'returning' && stopped && manner === 'restart' ? 'begun' : undefined
}

function shutdownState({state}: ShutdownStep, guest: Where, home: string): DrainStepState | undefined {
  if (guest.status === 'stopped') return state === 'planned' ? undefined : 'done'
  return guest.node === home && (state === 'planned' || state === 'begun') ? 'planned' : undefined
}

/** Where guests have to go back to; those whose turn never came are not among them. */
export function originsOf({node, steps}: DrainJournal): GuestOrigin[] {
  return steps
    .filter(({state}) => state !== 'planned')
    .map((step) => {
      // A container that moves is down for a while, and stays so when that is cut off.
      const restarting = step.action === 'move' && step.manner === 'restart' && step.state !== 'done'
      return {vmid: step.vmid, node, ...((step.action === 'shutdown' || restarting) && {shutDown: true})}
    })
}

export function withState(journal: DrainJournal, vmid: number, state: DrainStepState): DrainJournal {
  return {...journal, steps: journal.steps.map((step) => (step.vmid === vmid ? {...step, state} : step))}
}

export function withoutStep(journal: DrainJournal, vmid: number): DrainJournal {
  return {...journal, steps: journal.steps.filter((step) => step.vmid !== vmid)}
}
