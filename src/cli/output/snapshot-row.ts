import {guestLabel, type Guest, type GuestType} from '../../domain/guest.js'
import {CURRENT, type Snapshot} from '../../domain/snapshot.js'
import {treeOf, type TreeLine} from '../../domain/snapshot-tree.js'
import type {GuestSnapshots} from '../../services/snapshot-service.js'
import {asTime} from './human.js'
import type {Column} from './columns.js'

/** A snapshot in a list, or what its guest is now: `name` is `current` then. */
export interface SnapshotRow extends Partial<Omit<Snapshot, 'name'>> {
  readonly vmid: number
  /** The guest's name. */
  readonly guest?: string
  readonly type: GuestType
  readonly node: string
  readonly name: string
  readonly current: boolean
  /** Of what the guest is now. */
  readonly running?: boolean
}

const asFlag = (value: unknown): string => (value === true ? 'yes' : '')

export const snapshotColumns: readonly Column<SnapshotRow>[] = [
  {key: 'vmid', header: 'VMID', align: 'right'},
  {key: 'guest'},
  {key: 'name'},
  {key: 'parent'},
  {key: 'createdAt', header: 'CREATED', format: asTime},
  {key: 'ram', header: 'RAM', format: asFlag},
  {key: 'automatic', format: asFlag},
  {key: 'snapState', header: 'INCOMPLETE'},
  {key: 'description', format: (value) => firstLine(String(value))},
  {key: 'type', default: false},
  {key: 'node', default: false},
  {key: 'current', default: false},
  {key: 'running', default: false},
]

export function snapshotRow({name, node, type, vmid}: Guest, snapshot: Snapshot): SnapshotRow {
  return {vmid, ...(name !== undefined && {guest: name}), type, node, current: false, ...snapshot}
}

/** Those of one guest, oldest first, and what it is now at the end. */
export function snapshotRows({guest, set}: GuestSnapshots): SnapshotRow[] {
  const {name, node, type, vmid} = guest
  return [
    ...set.snapshots.map((snapshot) => snapshotRow(guest, snapshot)),
    {
      ...{vmid, ...(name !== undefined && {guest: name}), type, node},
      name: CURRENT,
      current: true,
      ...(set.parent !== undefined && {parent: set.parent}),
      running: set.running,
    },
  ]
}

/** What came from what, as a tree. */
export function snapshotTree({guest, set}: GuestSnapshots, ascii: boolean): string {
  const lines = treeOf(set).map((line) => ({...line, branch: ascii ? inAscii(line.branch) : line.branch}))
  const width = Math.max(...lines.map((line) => [...title(line)].length))
  return [
    `${guestLabel(guest)} on ${guest.node}`,
    ...lines.map((line) => `${title(line).padEnd(width)}  ${about(line, set.running)}`.trimEnd()),
  ].join('\n')
}

function title({branch, snapshot}: TreeLine): string {
  return branch + (snapshot?.name ?? CURRENT)
}

function about({snapshot}: TreeLine, running: boolean): string {
  if (snapshot === undefined) return running ? 'running' : 'stopped'
  const {automatic, createdAt, description, ram, snapState} = snapshot
  return [
    ...(createdAt === undefined ? [] : [asTime(createdAt)]),
    ...(snapState === undefined ? [] : [`incomplete (${snapState})`]),
    ...(ram ? ['with memory'] : []),
    ...(automatic ? ['automatic'] : []),
    ...(description === undefined ? [] : [firstLine(description)]),
  ].join('  ')
}

function inAscii(branch: string): string {
  return branch.replaceAll('├─', '|-').replaceAll('└─', '`-').replaceAll('│', '|')
}

function firstLine(text: string): string {
  const [first = '', ...more] = text.split('\n')
  return more.length === 0 ? first : `${first} …`
}
