import {CURRENT, type Snapshot, type SnapshotSet} from './snapshot.js'

/** A line of the tree: a snapshot, or where the guest is now. */
export interface TreeLine {
  /** `│  └─ ` */
  readonly branch: string
  /** Undefined: now. */
  readonly snapshot?: Snapshot
}

/** The snapshots as what came from what, each before its children and older ones first; the guest as it is now comes after what was taken at the same place. */
export function treeOf(set: SnapshotSet): TreeLine[] {
  const names = new Set(set.snapshots.map(({name}) => name))
  const parentOf = (parent: string | undefined): string => (parent !== undefined && names.has(parent) ? parent : '')
  const children = new Map<string, (Snapshot | undefined)[]>()
  const add = (parent: string, child: Snapshot | undefined): void => {
    children.set(parent, [...(children.get(parent) ?? []), child])
  }
  for (const snapshot of set.snapshots) add(parentOf(snapshot.parent), snapshot)
  add(parentOf(set.parent), undefined)

  const lines: TreeLine[] = []
  const shown = new Set<string>()
  const walk = (parent: string, indent: string): void => {
    const here = children.get(parent) ?? []
    for (const [index, snapshot] of here.entries()) {
      const last = index === here.length - 1
      lines.push({branch: `${indent}${last ? '└─ ' : '├─ '}`, ...(snapshot !== undefined && {snapshot})})
      if (snapshot === undefined || shown.has(snapshot.name)) continue
      shown.add(snapshot.name)
      walk(snapshot.name, `${indent}${last ? '   ' : '│  '}`)
    }
  }
  walk('', '')
  // A circle has no beginning; Proxmox VE makes none, but a file can be edited.
  for (const snapshot of set.snapshots) {
    if (!shown.has(snapshot.name)) {
      shown.add(snapshot.name)
      lines.push({branch: '?  ', snapshot})
    }
  }

  return lines
}

/** What a line of the tree is called. */
export function nameInTree({snapshot}: TreeLine): string {
  return snapshot?.name ?? CURRENT
}
