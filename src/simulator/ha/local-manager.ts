import {Call, type Params, type Routes} from '../kernel/call.js'

import type {World} from '../kernel/world.js'
import type {LrmRecord, LrmResult, ServiceRecord} from './records.js'
import {resources, type Resource} from './resources.js'

/** What a guest has to shut down if nobody said otherwise. */
const SHUTDOWN_SECONDS = 60

const IDLE: LrmRecord = {state: 'wait_for_agent_lock', mode: 'active', timestamp: 0, results: {}}

/** The local resource managers of all nodes: they carry out what the master has written. */
export class LocalManagers {
  /** Orders at work. */
  private readonly busy = new Set<string>()

  constructor(
    private readonly world: World,
    private readonly routes: Routes,
  ) {}

  /** One round of each node that has quorum; the others stand still, and so do their time stamps. */
  round(): void {
    const {world} = this
    const manager = world.store.of('haManager').get('manager')
    if (!manager) return
    const configured = resources(world)
    for (const node of world.members()) {
      if (node.power !== 'on' || !world.isQuorate(node.node)) continue
      const mine = Object.entries(manager.services).filter(([, service]) => service.node === node.node)
      const before = world.store.of('haLrm').get(node.node) ?? IDLE
      const isActive = before.state === 'active' || mine.length > 0
      const known = new Set(mine.map(([, {uid}]) => uid))
      world.store.of('haLrm').put(node.node, {
        ...before,
        state: isActive ? 'active' : 'wait_for_agent_lock',
        timestamp: world.clock.now(),
        results: Object.fromEntries(Object.entries(before.results).filter(([uid]) => known.has(uid))),
      })
      if (!isActive) continue
      for (const [sid, service] of mine) {
        const resource = configured.get(sid)
        if (resource) this.carryOut(node.node, resource, service)
      }
    }
  }

  /** What the managers of a cluster that has just got a master say for the first time. */
  announce(): void {
    for (const {node, power} of this.world.members()) {
      if (power === 'on' && this.world.isQuorate(node) && !this.world.store.of('haLrm').has(node))
        this.world.store.of('haLrm').put(node, {...IDLE, timestamp: this.world.clock.now()})
    }
  }

  private carryOut(node: string, resource: Resource, service: ServiceRecord): void {
    const {uid, state} = service
    if (this.busy.has(uid)) return
    const done = this.world.store.of('haLrm').get(node)?.results[uid]
    // a service that runs is looked after again and again, everything else is done once
    if (done && (state !== 'started' || done.exit_code !== 0)) return
    const guest = this.world.store.of('guests').get(resource.vmid)
    const isRunning = guest?.run !== undefined && guest.node === node
    const work = this.workFor(node, resource, service, isRunning)
    if (work === 'nothing') {
      if (!done && state !== 'error' && state !== 'fence' && state !== 'recovery' && state !== 'stopped')
        this.report(node, uid, {sid: resource.sid, state, exit_code: 0})
      return
    }

    this.busy.add(uid)
    void work()
      .then(
        (ok) => ok,
        () => false,
      )
      .then((ok) => {
        this.busy.delete(uid)
        this.report(node, uid, {sid: resource.sid, state, exit_code: ok ? 0 : 1})
      })
  }

  private workFor(
    node: string,
    resource: Resource,
    {state, target, timeout}: ServiceRecord,
    isRunning: boolean,
  ): (() => Promise<boolean>) | 'nothing' {
    const {type, vmid} = resource
    const base = `/nodes/{node}/${type}/{vmid}`
    switch (state) {
      case 'started': {
        return isRunning ? 'nothing' : () => this.call(node, `POST ${base}/status/start`, {vmid})
      }

      case 'request_stop': {
        if (!isRunning) return 'nothing'
        return () =>
          timeout === 0
            ? this.call(node, `POST ${base}/status/stop`, {vmid})
            : this.call(node, `POST ${base}/status/shutdown`, {
                vmid,
                forceStop: 1,
                timeout: timeout ?? SHUTDOWN_SECONDS,
              })
      }

      case 'migrate':
      case 'relocate': {
        if (target === undefined || target === node) return 'nothing'
        return () => this.migrate(node, resource, target, state === 'migrate', isRunning)
      }

      default: {
        return 'nothing'
      }
    }
  }

  /** A VM moves as it runs unless it is to be relocated; a container is restarted on the way. */
  private async migrate(
    node: string,
    {type, vmid}: Resource,
    target: string,
    online: boolean,
    isRunning: boolean,
  ): Promise<boolean> {
    const base = `/nodes/{node}/${type}/{vmid}`
    if (type === 'lxc') return this.call(node, `POST ${base}/migrate`, {vmid, target, ...(isRunning && {restart: 1})})
    if (isRunning && !online && !(await this.call(node, `POST ${base}/status/shutdown`, {vmid, forceStop: 1})))
      return false
    // the manager does not ask what is against it
    const params = {vmid, target, force: 1, 'with-local-disks': 1, ...(isRunning && online && {online: 1})}
    return this.call(node, `POST ${base}/migrate`, params)
  }

  /** Calls a method as the HA manager does: as root, past its own management. True if it and its task succeed. */
  private async call(node: string, key: string, params: Params): Promise<boolean> {
    const handler = this.routes[key]
    if (!handler) throw new Error(`${key} is not simulated`)
    const [method = '', template = ''] = key.split(' ')
    const all = {...params, node}
    const call = new Call({
      method: method as 'POST',
      template,
      params: all,
      raw: all,
      user: 'root@pam',
      via: node,
      node,
      world: this.world,
      byHa: true,
    })
    const upid = await handler(call)
    if (typeof upid !== 'string') return true
    await this.world.tasks.ended(upid)
    const status = this.world.tasks.get(upid)?.status
    return status === 'OK' || /^WARNINGS: \d+$/.test(status ?? '')
  }

  private report(node: string, uid: string, result: LrmResult): void {
    const record = this.world.store.of('haLrm').get(node)
    if (!record || this.world.store.of('nodes').get(node)?.power !== 'on') return
    this.world.store.of('haLrm').put(node, {...record, results: {...record.results, [uid]: result}})
  }
}
