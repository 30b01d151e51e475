import {parsePropertyString} from '../../domain/property-string.js'
import {die} from '../kernel/pve-error.js'
import {loadVm} from '../qemu/vm.js'
import {sentState} from '../views/guest-status.js'

import type {DepartureRecord, RunRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'
import type {Migration} from './migration.js'

/** Ports a node listens on for what comes without a tunnel. */
const FIRST_PORT = 60_000
const PORTS_END = 60_050

/** Whether memory and disks go without a tunnel: as the call says, or else the datacenter. */
export function isInsecure(world: World, asked: string | undefined): boolean {
  const {migration, migration_unsecure: legacy} = world.store.of('datacenter').get('options') ?? {}
  const configured = parsePropertyString(String(migration ?? ''), {defaultKey: 'type'}).get('type')
  const fallback = Number(legacy ?? 0) === 1 ? 'insecure' : 'secure'
  return (asked ?? configured ?? fallback) === 'insecure'
}

/** Notes where a running VM goes. Without a tunnel its target listens on a port for the memory and, if disks go along, another one. */
export function depart(migration: Migration, {insecure, disks}: {insecure: boolean; disks: boolean}): DepartureRecord {
  const {world, to} = migration
  const leaving = {to: to.node, ports: insecure ? freePorts(world, to.node, disks ? 2 : 1) : []}
  note(migration, leaving)
  return leaving
}

/** From now on QEMU only waits for its end here. */
export function stayBehind(migration: Migration, leaving: DepartureRecord): void {
  note(migration, {...leaving, overSince: migration.world.clock.nowMs()})
}

/** The VM goes on running here, if it still is here and runs. */
export function stay(migration: Migration): void {
  note(migration, undefined)
}

/** The process on the target, of which the cluster still knows what the source last said. */
export function arrival({world, node, vmid}: Migration, startedAt: number): RunRecord | undefined {
  const guest = loadVm(world, node, vmid)
  if (!guest.run) return undefined
  const {leaving: _left, arrived: _before, ...run} = guest.run
  const source = world.node(node)
  const {status, guest: seen} = sentState(world, guest, source)
  const sent = {status, startedAt: seen.run!.startedAt, at: Math.max(run.startedAt, world.figuresSentAt(source))}
  return {...run, startedAt, arrived: {at: world.clock.nowMs(), sent}}
}

function note({world, node, vmid}: Migration, leaving: DepartureRecord | undefined): void {
  const guest = world.store.of('guests').get(vmid)
  if (guest?.node !== node || !guest.run) return
  const {leaving: _before, ...run} = guest.run
  world.store.of('guests').update(vmid, {run: {...run, ...(leaving && {leaving})}})
}

function freePorts(world: World, node: string, count: number): readonly number[] {
  const taken = new Set(
    [...world.store.of('guests').values()].flatMap(({run}) => (run?.leaving?.to === node ? run.leaving.ports : [])),
  )
  const ports: number[] = []
  for (let port = FIRST_PORT; ports.length < count; port++) {
    if (port === PORTS_END) die(`unable to find free port (${FIRST_PORT}-${PORTS_END})`)
    if (!taken.has(port)) ports.push(port)
  }

  return ports
}
