import type {GuestRecord} from '../../src/simulator/kernel/state.js'
import type {World} from '../../src/simulator/kernel/world.js'

const MIB = 1024 ** 2

/** What may be against a guest on a node. */
export type Obstacle =
  | 'affinity'
  | 'bridge'
  | 'device'
  | 'ha'
  | 'iso'
  | 'local'
  | 'locked'
  | 'maintenance'
  | 'mapped'
  | 'mapping'
  | 'memory'
  | 'offline'
  | 'snapshot'
  | 'storage'
  | 'template'

export interface OracleWish {
  readonly localDisks?: boolean
  /** 0..1 */
  readonly ceiling?: number
}

/**
 * A judge of where guests may be, who looks at the state of a simulated cluster and shares no code with the planner.
 * `hard` is what Proxmox VE or the promise of the command would break; `fair` besides what may be called a reason.
 */
export class Oracle {
  constructor(readonly world: World) {}

  guests(): GuestRecord[] {
    return [...this.world.store.of('guests').values()]
  }

  guest(vmid: number): GuestRecord | undefined {
    return this.world.store.of('guests').get(String(vmid))
  }

  nodes(): string[] {
    return [...this.world.store.of('nodes').values()].map(({node}) => node)
  }

  isUp(node: string): boolean {
    return this.world.store.of('nodes').get(node)?.power === 'on'
  }

  inMaintenance(node: string): boolean {
    return this.world.store.of('haManager').get('manager')?.nodes[node] === 'maintenance'
  }

  total(node: string): number {
    return this.world.store.of('nodes').get(node)!.memoryBytes
  }

  base(node: string): number {
    return this.world.store.of('nodes').get(node)!.baseMemoryBytes
  }

  memoryOf({config}: GuestRecord): number {
    return Number(config['memory'] ?? 512) * MIB
  }

  /** Configured memory of what runs there, without a guest. */
  promised(node: string, without?: number): number {
    return this.guests()
      .filter((guest) => guest.node === node && guest.run !== undefined && guest.vmid !== without)
      .reduce((sum, guest) => sum + this.memoryOf(guest), 0)
  }

  /** All that is against it, hard and fair. Memory counts for what runs, or is said to be going to. */
  obstacles(
    guest: GuestRecord,
    to: string,
    {ceiling = 0.9, localDisks = false}: OracleWish,
  ): {hard: Set<Obstacle>; fair: Set<Obstacle>} {
    const hard = new Set<Obstacle>()
    const fair = new Set<Obstacle>()
    const live = guest.run !== undefined
    if (!this.isUp(to)) hard.add('offline')
    if (this.inMaintenance(to)) hard.add('maintenance')
    if (to !== guest.node) {
      if (!this.isUp(guest.node)) hard.add('offline')
      if (guest.config['template'] === 1) fair.add('template')
      if (guest.config['lock'] !== undefined) hard.add('locked')
      this.volumes(guest, to, {live, localDisks}, hard, fair)
      this.devices(guest, to, live, hard)
    }

    this.wishes(guest, to, hard, fair)
    const needed = this.memoryOf(guest)
    const load = this.promised(to, guest.vmid)
    if (live && to !== guest.node && load + needed > ceiling * this.total(to)) hard.add('memory')
    // What it uses is its own, what its guests use at most all they are promised, or half of the node.
    if (load + this.base(to) + needed + this.total(to) * 0.02 > ceiling * this.total(to)) fair.add('memory')
    return {hard, fair: new Set([...hard, ...fair])}
  }

  private volumes(
    guest: GuestRecord,
    to: string,
    {live, localDisks}: {live: boolean; localDisks: boolean},
    hard: Set<Obstacle>,
    fair: Set<Obstacle>,
  ): void {
    const snapshots = Object.values(guest.snapshots ?? {})
    for (const {key, storage, cdrom, shared} of this.disks(guest.config, guest.type)) {
      if (!this.holds(storage, to)) hard.add('storage')
      if (this.isShared(storage)) continue
      if (cdrom) {
        hard.add('iso')
        continue
      }

      const made = /-cloudinit/.test(shared)
      if (!localDisks && !made) (live && !key.startsWith('unused') ? hard : fair).add('local')
      const {type} = this.world.store.of('storages').get(storage)!
      if (snapshots.length > 0 && !key.startsWith('unused')) {
        if (guest.type === 'qemu' && live) hard.add('snapshot')
        else if (guest.type === 'qemu' && type !== 'zfspool' && !shared.includes('.qcow2')) hard.add('snapshot')
      }
    }

    // A container is stopped to be moved; of what snapshots hold, only ZFS can send it.
    for (const {config} of snapshots)
      for (const {key, storage} of this.disks(config, guest.type)) {
        if (key.startsWith('unused') || this.isShared(storage)) continue
        const {type} = this.world.store.of('storages').get(storage)!
        if (guest.type === 'lxc' && type !== 'zfspool') hard.add('snapshot')
        if (guest.type === 'qemu' && live) hard.add('snapshot')
      }
    for (const [key, value] of Object.entries(guest.config))
      if (
        guest.type === 'lxc' &&
        /^mp\d+$/.test(key) &&
        String(value).startsWith('/') &&
        !/,shared=1/.test(String(value))
      )
        hard.add('device')
  }

  private devices(guest: GuestRecord, to: string, live: boolean, hard: Set<Obstacle>): void {
    for (const [key, value] of Object.entries(guest.config)) {
      const text = String(value)
      if (/^net\d+$/.test(key)) {
        const bridge = /bridge=([^,]+)/.exec(text)?.[1]
        if (bridge !== undefined && !this.world.store.of('network').has(`${to}/${bridge}`)) hard.add('bridge')
      }

      if (!/^(?:hostpci|usb)\d+$/.test(key) || text === 'spice') continue
      const id = /mapping=([^,]+)/.exec(text)?.[1]
      if (id === undefined) hard.add('device')
      else {
        const kind = key.startsWith('usb') ? 'usb' : 'pci'
        const maps = this.world.store.of('mappings').get(`${kind}/${id}`)?.['map']
        if (!(Array.isArray(maps) && maps.some((map) => String(map).split(',').includes(`node=${to}`))))
          hard.add('mapping')
        if (live) hard.add('mapped')
      }
    }
  }

  private wishes(guest: GuestRecord, to: string, hard: Set<Obstacle>, fair: Set<Obstacle>): void {
    const sid = `${guest.type === 'qemu' ? 'vm' : 'ct'}:${guest.vmid}`
    const resource = this.world.store.of('haResources').get(sid)
    if (resource === undefined || resource['state'] === 'ignored') return
    const group = this.world.store.of('haGroups').get(String(resource['group'] ?? ''))
    if (group !== undefined)
      this.nodeWish(String(group['nodes']), group['restricted'] === 1, group['nofailback'] !== 1, to, hard, fair)
    for (const rule of this.world.store.of('haRules').values()) {
      const members = String(rule['resources']).split(',')
      if (!members.includes(sid)) continue
      if (rule['type'] === 'node-affinity') {
        this.nodeWish(String(rule['nodes']), rule['strict'] === 1, resource['failback'] !== 0, to, hard, fair)
        continue
      }

      const others = members.filter((one) => one !== sid).map((one) => this.guest(Number(one.split(':')[1]))?.node)
      if (rule['affinity'] === 'negative' && others.includes(to)) hard.add('affinity')
      if (rule['affinity'] === 'positive' && !others.includes(to)) fair.add('affinity')
      // What moves along may not get there.
      if (rule['affinity'] === 'positive') for (const one of ALL) fair.add(one)
    }
  }

  private nodeWish(
    text: string,
    strict: boolean,
    failback: boolean,
    to: string,
    hard: Set<Obstacle>,
    fair: Set<Obstacle>,
  ): void {
    const nodes = new Map(text.split(',').map((one) => [one.split(':')[0]!, Number(one.split(':')[1] ?? 0)]))
    if (strict && !nodes.has(to)) hard.add('ha')
    const own = nodes.get(to) ?? -1
    const better = [...nodes].some(([node, priority]) => priority > own && this.isUp(node) && !this.inMaintenance(node))
    // There it would not stay.
    if (better && failback) hard.add('ha')
    if (better) fair.add('ha')
  }

  disks(config: GuestRecord['config'], type: GuestRecord['type']) {
    const pattern =
      type === 'qemu' ? /^(?:ide|sata|scsi|virtio|efidisk|tpmstate|unused)\d+$/ : /^(?:rootfs|mp\d+|unused\d+)$/
    return Object.entries(config).flatMap(([key, value]) => {
      const [volume = ''] = String(value).split(',')
      const storage = /^([\w.-]+):/.exec(volume)?.[1]
      return pattern.test(key) && storage !== undefined
        ? [{key, storage, shared: volume, cdrom: /media=cdrom/.test(String(value)) && !/-cloudinit/.test(volume)}]
        : []
    })
  }

  isShared(storage: string): boolean {
    return this.world.store.of('storages').get(storage)?.type === 'nfs'
  }

  holds(storage: string, node: string): boolean {
    const nodes = this.world.store.of('storages').get(storage)?.config['nodes']
    return nodes === undefined || String(nodes).split(',').includes(node)
  }
}

const ALL: readonly Obstacle[] = [
  'bridge',
  'device',
  'ha',
  'iso',
  'local',
  'locked',
  'mapped',
  'mapping',
  'memory',
  'offline',
  'snapshot',
  'storage',
]

/** What a reason says, in the words of the judge; undefined for words nobody knows. */
export function meaningOf(reason: string): readonly Obstacle[] | undefined {
  const found = WORDS.find(([pattern]) => pattern.test(reason))
  return found?.[1]
}

const WORDS: readonly (readonly [RegExp, readonly Obstacle[]])[] = [
  [/memory/i, ['memory']],
  [/maintenance/, ['maintenance']],
  [/locked/, ['locked']],
  [/template/, ['template']],
  [/snapshot/, ['snapshot']],
  [/HA rule|HA would|HA keeps|apart|together/, ['ha', 'affinity']],
  [/holds a file of/, ['iso']],
  [/local to/, ['local']],
  [/of the node itself/, ['device']],
  [/cannot be moved while it runs/, ['mapped']],
  [/has no device there/, ['mapping']],
  [/^bridge/, ['bridge']],
  [/^storage .* (?:is not there|is not active there)/, ['storage']],
  [/does not hold/, ['storage']],
  [/offline|not online|nobody knows/, ['offline']],
]
