import {apiFailure, type Answer} from '../http/answer.js'
import {PveError} from '../kernel/pve-error.js'
import {applyFault, expireTickets, type FaultGround, nodeOf, undoFault} from './cluster-faults.js'
import {
  type ActiveFault,
  FaultError,
  type FaultSpec,
  type Occurrences,
  type RequestFault,
  type TaskFaultSpec,
} from './fault.js'
import {pathPattern} from './path-pattern.js'

import type {InterferedRequest, Interruption} from '../http/server.js'
import type {TaskFault, TaskStart} from '../kernel/tasks.js'
import type {World} from '../kernel/world.js'

/** What the server says by itself where nobody gave a text. */
const TEXTS: Readonly<Record<number, string>> = {
  400: 'Parameter verification failed.',
  401: 'permission denied - invalid PVE ticket',
  403: 'Permission check failed',
  500: 'got timeout',
  501: 'not implemented',
  595: 'Connection refused',
  596: 'Connection timed out',
  599: 'Too many redirections',
}

interface Counted<S extends Occurrences> {
  readonly id: string
  readonly spec: S
  readonly matchesPath: (rawPath: string) => boolean
  matched: number
  hits: number
}

/**
 * What goes wrong on purpose, until it is cleared, the cluster is reset, or the process ends. What a fault did to the cluster is kept beside its state, so that
 * the next process can undo it.
 */
export class Faults {
  private requests: Counted<RequestFault>[] = []
  private tasks: Counted<TaskFaultSpec>[] = []
  private lastId = 0

  constructor(private readonly ground: FaultGround) {
    ground.world.tasks.fault = (start) => this.taskFault(start)
  }

  /**
   * Makes something go wrong from now on.
   * @throws FaultError `not-found` for an unknown guest, node or storage; `refused` for a state that is not possible; `usage` for an impossible value
   */
  async add(spec: FaultSpec): Promise<ActiveFault> {
    const id = `f${this.lastId + 1}`
    const counted = {id, matched: 0, hits: 0}
    switch (spec.kind) {
      case 'fail':
      case 'drop':
      case 'delay':
      case 'truncate': {
        checkRequestFault(spec)
        this.requests.push({...counted, spec, matchesPath: pathPattern(spec.path ?? '/**')})
        break
      }

      case 'task-fail':
      case 'task-hang':
      case 'task-warn': {
        checkOccurrences(spec)
        this.tasks.push({...counted, spec, matchesPath: () => true})
        break
      }

      case 'tickets-expired': {
        expireTickets(this.world)
        break
      }

      case 'node-online': {
        await this.powerOn(spec.node)
        break
      }

      default: {
        await applyFault(this.ground, spec)
        this.world.store.of('faults').put(id, {id, spec})
      }
    }

    this.lastId++
    this.world.store.flush()
    return this.list().find((fault) => fault.id === id) ?? {id, spec, state: 'done'}
  }

  /** What is wrong or will be, in the order it was added. */
  list(): readonly ActiveFault[] {
    const counted = [...this.requests, ...this.tasks].map(({id, spec, matched, hits}): ActiveFault => {
      const state = isSpent(spec, matched) ? 'spent' : 'armed'
      return {id, spec, matched, hits, state}
    })
    const states = [...this.world.store.of('faults').values()].map(({id, spec}): ActiveFault => ({
      id,
      spec,
      state: 'active',
    }))
    return [...counted, ...states].sort((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)))
  }

  /**
   * Ends a fault, or all of them, the last one first.
   * @returns what was ended
   * @throws FaultError `not-found` for an unknown id
   */
  async clear(id?: string): Promise<readonly ActiveFault[]> {
    const cleared = this.list().filter((fault) => id === undefined || fault.id === id)
    if (id !== undefined && cleared.length === 0) throw new FaultError('not-found', `there is no fault ${id}`)
    const ids = new Set(cleared.map((fault) => fault.id))
    this.requests = this.requests.filter((fault) => !ids.has(fault.id))
    this.tasks = this.tasks.filter((fault) => !ids.has(fault.id))
    for (const record of [...this.world.store.of('faults').values()].reverse()) {
      if (!ids.has(record.id)) continue
      this.world.store.of('faults').delete(record.id)
      await undoFault(this.ground, record.spec)
    }

    this.world.store.flush()
    return cleared
  }

  /** Undoes what the faults of a former process left behind. */
  async recover(): Promise<void> {
    if (this.world.store.of('faults').size > 0) await this.clear()
  }

  /** What happens to a request that arrives; undefined when nothing does. */
  interrupt(request: InterferedRequest): Interruption | undefined {
    if (this.requests.length === 0) return undefined
    let merged: Interruption | undefined
    for (const fault of this.requests) {
      const {method, node} = fault.spec
      if (method !== undefined && method.toUpperCase() !== request.method) continue
      if (node !== undefined && node !== request.via) continue
      if (!fault.matchesPath(request.path) || !strike(fault)) continue
      merged = {...merged, ...this.interruption(fault.spec)}
    }

    return merged
  }

  private get world(): World {
    return this.ground.world
  }

  private interruption(spec: RequestFault): Interruption {
    switch (spec.kind) {
      case 'drop': {
        return {drop: spec.when ?? 'before'}
      }

      case 'truncate': {
        return {truncate: true}
      }

      case 'delay': {
        const hold = (): Promise<void> => this.wait(spec.seconds)
        return spec.when === 'after' ? {holdAnswer: hold} : {holdRequest: hold}
      }

      case 'fail': {
        const answer = this.failure(spec)
        return spec.when === 'after' ? {replace: answer} : {answer}
      }
    }
  }

  private failure({status = 500, text = TEXTS[status] ?? 'failed'}: RequestFault & {kind: 'fail'}): Answer {
    // these come from the server in front of the API, which has no words in the body
    if (status === 401 || status >= 595) return {status, reason: text, body: ''}
    return apiFailure(new PveError(status, text), 'json', {release: this.world.release, isProtected: false})
  }

  /** Clients measure their patience in real time, so a delay is real, too, unless time is in the hands of a test. */
  private wait(seconds: number): Promise<void> {
    const {clock} = this.world
    if (clock.mode.kind === 'stepped') return clock.sleep(seconds, {lasting: true})
    return new Promise((resolve) => {
      setTimeout(resolve, seconds * 1000).unref()
    })
  }

  private async powerOn(node: string): Promise<void> {
    nodeOf(this.world, node)
    for (const {id, spec} of [...this.world.store.of('faults').values()])
      if (spec.kind === 'node-offline' && spec.node === node) this.world.store.of('faults').delete(id)
    if (this.world.node(node).power === 'off') await this.ground.powerOn(node)
  }

  private taskFault(start: TaskStart): TaskFault | undefined {
    for (const fault of this.tasks) {
      const {type, vmid, node} = fault.spec
      if (type !== undefined && type !== start.type) continue
      if (vmid !== undefined && String(vmid) !== String(start.id)) continue
      if (node !== undefined && node !== start.node) continue
      if (!strike(fault)) continue
      if (fault.spec.kind === 'task-hang') return {kind: 'hang'}
      const text = fault.spec.text ?? 'got timeout'
      return fault.spec.kind === 'task-warn' ? {kind: 'warn', text} : {kind: 'fail', text}
    }

    return undefined
  }
}

/** Counts a match; whether it is one to hit. */
function strike(fault: Counted<Occurrences>): boolean {
  const {nth = 1} = fault.spec
  if (isSpent(fault.spec, fault.matched)) return false
  fault.matched++
  if (fault.matched < nth) return false
  fault.hits++
  return true
}

function isSpent({nth = 1, times = 1}: Occurrences, matched: number): boolean {
  return times !== 'always' && matched >= nth + times - 1
}

function checkOccurrences({nth = 1, times = 1}: Occurrences): void {
  if (!Number.isInteger(nth) || nth < 1) throw new FaultError('usage', `the nth match is a whole number from 1 on`)
  if (times !== 'always' && (!Number.isInteger(times) || times < 1))
    throw new FaultError('usage', 'how many times is a whole number from 1 on, or always')
}

function checkRequestFault(spec: RequestFault): void {
  checkOccurrences(spec)
  if (spec.kind === 'delay' && !(spec.seconds >= 0)) throw new FaultError('usage', 'a delay is so many seconds')
  if (spec.kind !== 'fail' || spec.status === undefined) return
  if (!Number.isInteger(spec.status) || spec.status < 400 || spec.status > 599)
    throw new FaultError('usage', 'the status of a failure is a number from 400 to 599')
}
