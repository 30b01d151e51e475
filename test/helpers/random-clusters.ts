import type {HaRules, NodeAffinity, ResourceAffinity} from '../../src/domain/ha-rules.js'
import type {
  DeviceNeed,
  DiskNeed,
  PlacementFacts,
  PlacementGuest,
  PlacementNode,
} from '../../src/domain/placement-facts.js'
import type {NodeStorage} from '../../src/domain/storage.js'

const GIB = 2 ** 30
const PUZZLE_CEILING = 0.9

export interface Dice {
  /** 0 <= x < 1 */
  next(): number
  /** Of both ends one may come up. */
  between(least: number, most: number): number
  chance(probability: number): boolean
  pick<T>(list: readonly T[]): T
}

/** The same numbers for the same seed. */
export function dice(seed: number): Dice {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d_2b_79_f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  return {
    next,
    between: (least, most) => least + Math.floor(next() * (most - least + 1)),
    chance: (probability) => next() < probability,
    pick: (list) => list[Math.floor(next() * list.length)]!,
  }
}

export interface RandomCluster {
  readonly facts: PlacementFacts
  readonly leaving: readonly string[]
  /** The only one the cluster is made for. */
  readonly memoryCeiling?: number
}

/** A cluster of 2 to 16 nodes with 1 to 300 guests; a small one has at most 4 nodes and 6 guests, and is often nearly full. */
export function randomCluster(seed: number, small: boolean): RandomCluster {
  const die = dice(seed)
  const names = Array.from({length: small ? die.between(2, 4) : die.between(2, 16)}, (_, index) => `n${index + 1}`)
  const count = small ? die.between(1, 6) : die.between(1, 300)
  if (small && die.chance(0.25)) return puzzle(die)
  const strict = die.chance(0.5)
  const bridges = ['vmbr0', 'vmbr1']
  const storages = randomStorages(die, names)
  const guests = Array.from({length: count}, (_, index) => randomGuest(die, 100 + index, names, small, strict))
  const fill = die.pick([0.3, 0.5, 0.7, 0.85, 0.95])
  const configured = (node: string) =>
    guests.reduce((sum, one) => sum + (one.node === node && one.status !== 'stopped' ? (one.memoryBytes ?? 0) : 0), 0)
  const all = guests.reduce((sum, one) => sum + (one.status === 'stopped' ? 0 : (one.memoryBytes ?? 0)), 0)
  const nodes = names.map((node): PlacementNode => {
    const status = die.chance(0.03) ? 'offline' : die.chance(0.02) ? 'unknown' : 'online'
    const memoryBytes = Math.max(
      Math.ceil(((all / names.length) * (0.5 + die.next())) / fill / GIB) * GIB,
      Math.ceil(configured(node) / 0.9 / GIB) * GIB * (die.chance(0.8) ? 1 : 0),
      4 * GIB,
    )
    return {
      node,
      status,
      ...(die.chance(0.04) && {haState: 'maintenance'}),
      cpus: die.pick([4, 8, 16]),
      cpuUsage: die.next(),
      ...(die.chance(0.98) && {memoryBytes, memoryUsedBytes: Math.floor(memoryBytes * die.next() * 0.8)}),
      ...(die.chance(0.95) && {bridges: new Set(die.chance(0.9) ? bridges : ['vmbr0'])}),
      ...(die.chance(0.95) && {mappings: new Set(die.chance(0.6) ? ['pci:gpu', 'usb:stick'] : [])}),
    }
  })
  const leaving = [die.pick(names), ...(die.chance(0.2) && names.length > 2 ? [die.pick(names)] : [])]
  return {facts: {nodes, guests, storages, rules: randomRules(die, guests, names)}, leaving: [...new Set(leaving)]}
}

/** All guests on one node, and the others just large enough for one way to share them out: every bit of memory is taken then. */
function puzzle(die: Dice): RandomCluster {
  const others = Array.from({length: die.between(2, 3)}, (_, index) => `n${index + 2}`)
  const guests = Array.from({length: 6}, (_, index): PlacementGuest => ({
    vmid: 100 + index,
    type: 'qemu',
    node: 'n1',
    status: 'running',
    template: false,
    tags: [],
    memoryBytes: die.between(9, 40) * GIB,
    needs: {disks: [], bridges: [], devices: [], pins: []},
  }))
  const room = new Map(others.map((node) => [node, 0]))
  for (const {memoryBytes = 0} of guests) {
    const node = die.pick(others)
    room.set(node, (room.get(node) ?? 0) + memoryBytes)
  }

  const nodes = ['n1', ...others].map((node): PlacementNode => ({
    node,
    status: 'online',
    // One byte more than the ceiling asks for, against rounding.
    memoryBytes: Math.ceil(((room.get(node) ?? 400 * GIB) + 1) / PUZZLE_CEILING),
    memoryUsedBytes: 0,
  }))
  return {
    facts: {nodes, guests, storages: [], rules: {nodeAffinities: [], resourceAffinities: []}},
    leaving: ['n1'],
    memoryCeiling: PUZZLE_CEILING,
  }
}

function randomStorages(die: Dice, names: readonly string[]): NodeStorage[] {
  const content = ['images', 'rootdir', 'iso']
  return names.flatMap((node): NodeStorage[] => {
    const total = die.pick([50, 200, 1000]) * GIB
    return [
      {
        storage: 'local',
        node,
        available: true,
        shared: false,
        content,
        totalBytes: total,
        usedBytes: Math.floor(total * die.next()),
      },
      {storage: 'nas', node, available: !die.chance(0.03), shared: true, content},
      ...(die.chance(0.7)
        ? [{storage: 'fast', node, available: true, shared: true, content: die.chance(0.9) ? content : ['iso']}]
        : []),
    ]
  })
}

function randomGuest(
  die: Dice,
  vmid: number,
  names: readonly string[],
  small: boolean,
  strict: boolean,
): PlacementGuest {
  const type = die.chance(0.6) ? 'qemu' : 'lxc'
  const disks: DiskNeed[] = Array.from({length: die.between(1, 2)}, (_, index) => ({
    key: `${type === 'qemu' ? 'scsi' : 'mp'}${index}`,
    storage: die.chance(0.15) ? 'local' : die.chance(0.15) ? 'fast' : 'nas',
    kind: 'disk',
    bytes: die.between(1, 64) * GIB,
  }))
  if (type === 'qemu' && die.chance(0.1))
    disks.push({key: 'ide2', storage: die.chance(0.2) ? 'local' : 'nas', kind: 'cdrom'})
  const devices: DeviceNeed[] = die.chance(0.08)
    ? [
        {
          ...(die.chance(0.5)
            ? {key: 'hostpci0', kind: 'pci', mapping: 'gpu'}
            : {key: 'usb0', kind: 'usb', mapping: 'stick'}),
          live: die.chance(0.6),
        } as DeviceNeed,
      ]
    : []
  return {
    vmid,
    name: `${die.pick(['web', 'db', 'app'])}-${vmid}`,
    type,
    node: small && die.chance(0.7) ? names[0]! : die.pick(names),
    status: die.chance(0.2) ? 'stopped' : die.chance(0.01) ? 'unknown' : 'running',
    template: die.chance(0.03),
    tags: die.chance(0.3) ? [die.pick(['prod', 'dev'])] : [],
    memoryBytes: die.pick([0.5, 1, 2, 3, 4, 5, 7, 8, 16]) * GIB,
    cpus: die.between(1, 4),
    cpuUsage: die.next(),
    ...(die.chance(0.02) && {lock: 'backup'}),
    ...(die.chance(0.4) && {ha: {failback: strict ? die.chance(0.3) : die.chance(0.7)}}),
    ...(die.chance(0.99) && {
      needs: {
        disks,
        bridges: die.chance(0.2) ? ['vmbr1'] : ['vmbr0'],
        devices,
        pins: die.chance(0.03) ? ['hostpci1 is a device of the node itself'] : [],
      },
    }),
  }
}

function randomRules(die: Dice, guests: readonly PlacementGuest[], names: readonly string[]): HaRules {
  const some = () =>
    new Set(
      Array.from({length: die.between(2, 3)}, () => die.pick(guests))
        .filter(({ha, template}) => ha !== undefined && !template)
        .map(({vmid}) => vmid),
    )
  const taken = new Set<number>()
  const nodeAffinities: NodeAffinity[] = []
  for (let index = die.between(0, 6); index > 0; index--) {
    const vmids = new Set([...some()].filter((vmid) => !taken.has(vmid)))
    for (const vmid of vmids) taken.add(vmid)
    const nodes = new Map(names.filter(() => die.chance(0.6)).map((node) => [node, die.between(0, 2)] as const))
    nodeAffinities.push({name: `where-${index}`, vmids, nodes, strict: die.chance(0.5)})
  }

  const resourceAffinities = Array.from({length: die.between(0, 4)}, (_, index): ResourceAffinity => {
    const vmids = some()
    const together = die.chance(0.4)
    // Most of what belongs together is together.
    if (together && die.chance(0.6)) {
      const [first] = vmids
      const home = guests.find(({vmid}) => vmid === first)?.node
      for (const vmid of vmids) if (guests.find((one) => one.vmid === vmid)?.node !== home) vmids.delete(vmid)
    }

    return {name: `with-${index}`, affinity: together ? 'positive' : 'negative', vmids}
  })
  return {nodeAffinities, resourceAffinities}
}
