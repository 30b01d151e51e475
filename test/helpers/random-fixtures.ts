import type {Fixture, FixtureGuest, FixtureStorage} from '../../src/simulator/fixtures/fixture.js'
import type {SnapshotRecord} from '../../src/simulator/kernel/state.js'
import {DEMO_TOKEN} from '../../src/simulator/fixtures/demo.js'
import {startCluster, type TestCluster} from './cluster.js'
import {dice, type Dice} from './random-clusters.js'

const GIB = 1024 ** 3
/** What the local managers of HA need to take notice. */
const HA_SETTLES_MS = 1200

export type PveVersion = '8.4' | '9.2'

/** What a fixture cannot say of a cluster, and is done to it once it runs. */
interface Extras {
  readonly bridges: ReadonlyMap<string, ReadonlySet<string>>
  readonly mappings: ReadonlyMap<string, readonly string[]>
  readonly snapshots: ReadonlyMap<number, Readonly<Record<string, SnapshotRecord>>>
  readonly paused: readonly number[]
  readonly maintenance?: string
  readonly offline?: string
  readonly ha: {
    readonly resources: ReadonlyMap<string, Readonly<Record<string, number | string>>>
    readonly groups: ReadonlyMap<string, Readonly<Record<string, number | string>>>
    readonly rules: ReadonlyMap<string, Readonly<Record<string, number | string>>>
  }
}

export interface RandomFixture {
  readonly seed: number
  readonly fixture: Fixture
  readonly pveVersion: PveVersion
  readonly extras: Extras
}

export interface FixtureWish {
  readonly pveVersion: PveVersion
  /** At most 4 nodes and 9 guests, for searches that try everything. */
  readonly small?: boolean
  /** Every node is there. */
  readonly calm?: boolean
}

/** A cluster in which much is odd: local and half-shared storages, devices, locks, snapshots, HA, a node that is gone. */
export function randomFixture(seed: number, {calm = false, pveVersion, small = false}: FixtureWish): RandomFixture {
  const die = dice(seed)
  const names = Array.from({length: small ? die.between(2, 4) : die.between(1, 6)}, (_, n) => `n${n + 1}`)
  const nodes = names.map((node, index) => ({
    node,
    nodeid: index + 1,
    ip: `127.0.0.${index + 1}`,
    sockets: 1,
    cores: die.pick([4, 8, 16]),
    memoryBytes: die.pick([8, 16, 32, 64, 128]) * GIB,
    baseMemoryBytes: die.pick([0.5, 1, 2]) * GIB,
  }))
  const some = (): string[] => {
    const picked = names.filter(() => die.chance(0.6))
    return picked.length === 0 ? [die.pick(names)] : picked
  }
  const halfShared = some()
  const halfLocal = some()
  const storages: FixtureStorage[] = [
    {
      storage: 'local',
      type: 'dir',
      path: '/var/lib/vz',
      content: ['iso', 'vztmpl', 'backup', 'snippets', 'images', 'rootdir'],
      shared: 0,
      totalBytes: 4000 * GIB,
      filesystem: 'root',
    },
    {
      storage: 'local-lvm',
      type: 'lvmthin',
      content: ['images', 'rootdir'],
      totalBytes: 8000 * GIB,
      options: {thinpool: 'data', vgname: 'pve'},
    },
    {
      storage: 'fast',
      type: 'zfspool',
      content: ['images', 'rootdir'],
      nodes: halfLocal,
      totalBytes: 8000 * GIB,
      options: {pool: 'rpool/data'},
    },
    share('nas', undefined),
    share('half', halfShared),
  ]
  const full = die.pick([0.25, 0.4, 0.6, 0.8, 0.95])
  const left = new Map(nodes.map(({memoryBytes, node}) => [node, memoryBytes * full]))
  const bridges = new Map(names.map((node) => [node, new Set(['vmbr0', ...(die.chance(0.6) ? ['vmbr1'] : [])])]))
  const mappings = new Map([
    ['pci/gpu', some()],
    ['usb/stick', some()],
  ])
  const cluster: Building = {die, names, left, bridges, mappings, storageNodes: {fast: halfLocal, half: halfShared}}
  const count = small ? die.between(2, 9) : die.between(1, 40)
  const guests = Array.from({length: count}, (_, n) => randomGuest(100 + n, cluster))
  const home = die.pick(names)
  guests.push(template(9000, home, 'tpl-shared', 'nas:9000/base-9000-disk-0.qcow2', die.pick([...bridges.get(home)!])))
  guests.push(template(9001, die.pick(names), 'tpl-local', 'local-lvm:base-9001-disk-0', 'vmbr0'))
  const snapshots = new Map(
    guests
      .filter(({config}) => config['template'] === undefined && die.chance(0.12))
      .map(({config, vmid}) => [vmid, {before: {config: {...config}, snaptime: 1_700_000_000}}]),
  )
  const offline = !calm && names.length > 2 && die.chance(0.15) ? die.pick(names.slice(1)) : undefined
  const ha = names.length > 1 && die.chance(0.5) ? randomHa(guests, names, pveVersion, die) : NO_HA
  const rest = names.filter((node) => node !== offline)
  const maintenance =
    !calm && rest.length > 2 && ha.resources.size === 0 && die.chance(0.2) ? die.pick(rest.slice(1)) : undefined
  const paused = guests
    .filter(({running, type, vmid}) => running === true && type === 'qemu' && !isManaged(ha, vmid) && die.chance(0.06))
    .map(({vmid}) => vmid)
  return {
    seed,
    pveVersion,
    fixture: {
      ...(names.length > 1 && {cluster: {name: 'random', version: 3}}),
      nodes: names.length > 1 ? nodes : nodes.map((node) => ({...node, nodeid: 0})),
      users: [{userid: 'automation@pve', password: 'random-password'}],
      tokens: [{tokenid: DEMO_TOKEN.id, secret: DEMO_TOKEN.secret, privsep: 0}],
      acl: [{path: '/', type: 'user', ugid: 'automation@pve', roleid: 'Administrator'}],
      storages,
      volumes: names.flatMap((node) => [
        {node, volid: 'local:iso/debian.iso', content: 'iso', format: 'iso', size: 700_000_000},
        {
          node,
          volid: 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst',
          content: 'vztmpl',
          format: 'tzst',
          size: 126_515_062,
          ostype: 'debian',
        },
      ]),
      guests,
    },
    extras: {
      bridges,
      mappings,
      snapshots,
      paused,
      ha,
      ...(offline !== undefined && {offline}),
      ...(maintenance !== undefined && {maintenance}),
    },
  }
}

function share(storage: string, nodes: readonly string[] | undefined): FixtureStorage {
  return {
    storage,
    type: 'nfs',
    path: `/mnt/pve/${storage}`,
    content: ['images', 'rootdir', 'iso', 'vztmpl', 'backup'],
    shared: 1,
    ...(nodes !== undefined && {nodes}),
    totalBytes: 9000 * GIB,
    options: {export: `/export/${storage}`, server: '192.0.2.10'},
  }
}

interface Building {
  readonly die: Dice
  readonly names: readonly string[]
  /** Memory that guests may still take. */
  readonly left: Map<string, number>
  readonly bridges: ReadonlyMap<string, ReadonlySet<string>>
  readonly mappings: ReadonlyMap<string, readonly string[]>
  readonly storageNodes: Readonly<Record<string, readonly string[]>>
}

function randomGuest(vmid: number, {bridges, die, left, mappings, names, storageNodes}: Building): FixtureGuest {
  const node = die.pick(names)
  const type = die.chance(0.6) ? 'qemu' : 'lxc'
  const mib = die.pick([256, 512, 1024, 2048, 4096, 8192])
  const fits = (left.get(node) ?? 0) >= mib * 1024 ** 2
  const running = fits && die.chance(0.8)
  if (running) left.set(node, (left.get(node) ?? 0) - mib * 1024 ** 2)
  const storage = die.pick(
    ['nas', 'nas', 'nas', 'half', 'local', 'local-lvm', 'fast'].filter(
      (one) => storageNodes[one]?.includes(node) ?? true,
    ),
  )
  const volume = (index: number, on = storage): string => {
    const file = `vm-${vmid}-disk-${index}`
    return on === 'local-lvm' || on === 'fast'
      ? `${on}:${on === 'fast' && type === 'lxc' ? `subvol-${vmid}-disk-${index}` : file},size=8G`
      : `${on}:${vmid}/${file}.${type === 'lxc' ? 'raw' : 'qcow2'},size=8G`
  }
  const bridge = bridges.get(node)?.has('vmbr1') === true && die.chance(0.3) ? 'vmbr1' : 'vmbr0'
  const mac = `BC:24:11:00:${String(Math.floor(vmid / 100)).padStart(2, '0')}:${String(vmid % 100).padStart(2, '0')}`
  const mapped = (id: string): boolean => mappings.get(id)?.includes(node) === true
  const shared = {
    cores: die.pick([1, 2, 4]),
    onboot: 1,
    ...(die.chance(0.3) && {tags: die.pick(['web', 'db', 'web;prod', 'dev'])}),
    ...(die.chance(0.04) && {lock: die.pick(['backup', 'snapshot'])}),
    ...(die.chance(0.1) && {unused0: volume(7, die.pick(['nas', 'local'])).split(',')[0]!}),
  }
  const name = die.chance(0.4) ? `${die.pick(['web', 'db'])}-${vmid}` : `guest${vmid}`
  if (type === 'lxc')
    return {
      vmid,
      type,
      node,
      running,
      shutdownSeconds: 1,
      config: {
        ...shared,
        arch: 'amd64',
        hostname: name,
        memory: mib,
        swap: 512,
        net0: `name=eth0,bridge=${bridge},hwaddr=${mac},ip=dhcp,type=veth`,
        ostype: 'debian',
        rootfs: volume(0),
        unprivileged: 1,
        ...(die.chance(0.15) && {mp0: `${volume(1, 'nas')},mp=/data`}),
        ...(die.chance(0.08) && {mp1: '/srv/data,mp=/srv'}),
        ...(die.chance(0.08) && {mp2: '/mnt/all,mp=/all,shared=1'}),
      },
    }
  return {
    vmid,
    type,
    node,
    running,
    shutdownSeconds: 1,
    agent: true,
    config: {
      ...shared,
      agent: '1',
      boot: 'order=scsi0',
      memory: String(mib),
      name,
      net0: `virtio=${mac},bridge=${bridge}`,
      ostype: 'l26',
      scsi0: volume(0),
      scsihw: 'virtio-scsi-single',
      smbios1: `uuid=00000000-0000-4000-8000-00000000${String(vmid).padStart(4, '0')}`,
      ...(die.chance(0.15) && {scsi1: volume(1, die.pick(['nas', 'local-lvm']))}),
      ...(die.chance(0.08) && {ide2: 'local:iso/debian.iso,media=cdrom,size=700M'}),
      ...(die.chance(0.08) && {ide3: 'none,media=cdrom'}),
      ...(die.chance(0.15) && {ide0: `local-lvm:vm-${vmid}-cloudinit,media=cdrom,size=4M`}),
      ...(die.chance(0.05) && {hostpci0: '0000:01:00.0'}),
      ...(die.chance(0.05) && {usb0: 'host=1234:5678'}),
      ...(die.chance(0.05) && {usb1: 'spice'}),
      ...(mapped('pci/gpu') && die.chance(0.08) && {hostpci1: 'mapping=gpu'}),
      ...(mapped('usb/stick') && die.chance(0.08) && {usb2: 'mapping=stick'}),
    },
  }
}

function template(vmid: number, node: string, name: string, disk: string, bridge: string): FixtureGuest {
  return {
    vmid,
    type: 'qemu',
    node,
    shutdownSeconds: 1,
    agent: true,
    config: {
      agent: '1',
      boot: 'order=scsi0',
      cores: 1,
      memory: '1024',
      name,
      net0: `virtio=BC:24:11:00:90:${String(vmid % 100).padStart(2, '0')},bridge=${bridge}`,
      ostype: 'l26',
      scsi0: `${disk},size=3G`,
      scsihw: 'virtio-scsi-single',
      smbios1: `uuid=00000000-0000-4000-8000-00000000${vmid}`,
      template: 1,
    },
  }
}

const NO_HA: Extras['ha'] = {resources: new Map(), groups: new Map(), rules: new Map()}

function isManaged({resources}: Extras['ha'], vmid: number): boolean {
  return resources.has(`vm:${vmid}`) || resources.has(`ct:${vmid}`)
}

/** Guests on shared storage under HA, with wishes that hold where everything is at the start. */
function randomHa(
  guests: readonly FixtureGuest[],
  names: readonly string[],
  version: PveVersion,
  die: Dice,
): Extras['ha'] {
  const able = guests.filter(
    ({config}) =>
      config['template'] === undefined &&
      config['lock'] === undefined &&
      /^nas:/.test(String(config['scsi0'] ?? config['rootfs'])),
  )
  const managed = able.filter(() => die.chance(0.4))
  const sid = ({type, vmid}: FixtureGuest): string => `${type === 'qemu' ? 'vm' : 'ct'}:${vmid}`
  const resources = new Map(
    managed.map((guest) => [
      sid(guest),
      {state: guest.running === true ? 'started' : 'stopped'} as Record<string, number | string>,
    ]),
  )
  const free = new Set(managed)
  const groups = new Map<string, Record<string, number | string>>()
  const rules = new Map<string, Record<string, number | string>>()
  for (let index = 0; index < 2 && free.size > 0; index++) {
    const first = die.pick([...free])
    free.delete(first)
    const others = names.filter((node) => node !== first.node && die.chance(0.5))
    const nodes = [`${first.node}:${die.between(1, 2)}`, ...others].join(',')
    const strict = die.pick([0, 1])
    if (version === '8.4') {
      groups.set(`group${index}`, {nodes, restricted: strict, nofailback: die.pick([0, 1]), type: 'group'})
      resources.set(sid(first), {...resources.get(sid(first)), group: `group${index}`})
    } else {
      resources.set(sid(first), {...resources.get(sid(first)), failback: die.pick([0, 1])})
      rules.set(`where${index}`, {type: 'node-affinity', resources: sid(first), nodes, strict})
    }
  }

  if (version === '9.2' && free.size > 1) {
    const [one, ...rest] = [...free]
    const together = rest.filter(({node}) => node === one!.node)
    const apart = rest.filter(({node}) => node !== one!.node)
    if (together.length > 0 && die.chance(0.5))
      rules.set('together', {
        type: 'resource-affinity',
        affinity: 'positive',
        resources: [one!, together[0]!].map(sid).join(),
      })
    if (apart.length > 0)
      rules.set('apart', {
        type: 'resource-affinity',
        affinity: 'negative',
        resources: [one!, apart[0]!].map(sid).join(),
      })
  }

  return {resources, groups, rules}
}

/** Starts the cluster, and waits until it has come to rest. */
export async function startRandomCluster({extras, fixture, pveVersion}: RandomFixture): Promise<TestCluster> {
  const cluster = await startCluster({fixture, pveVersion})
  const {world} = cluster.simulator
  const {bridges, ha, maintenance, mappings, offline, paused, snapshots} = extras
  const networks = world.store.of('network')
  for (const [key, record] of [...networks.entries()]) {
    if (record.iface !== 'vmbr0') continue
    const name = key.replace(/vmbr0$/, 'vmbr1')
    if (bridges.get(record.node)?.has('vmbr1') === true) networks.put(name, {...record, iface: 'vmbr1'})
    else networks.delete(name)
  }

  for (const [id, nodes] of mappings) {
    const [type = ''] = id.split('/')
    const path = type === 'pci' ? ',path=0000:01:00.0' : ''
    world.store.of('mappings').put(id, {type, map: nodes.map((node) => `node=${node},id=1234:5678${path}`)})
  }

  const guests = world.store.of('guests')
  for (const [vmid, taken] of snapshots) {
    const guest = guests.get(String(vmid))!
    guests.update(String(vmid), {snapshots: taken, config: {...guest.config, parent: 'before'}})
  }

  for (const vmid of paused) guests.update(String(vmid), {run: {...guests.get(String(vmid))!.run!, paused: true}})
  for (const [name, group] of ha.groups) world.store.of('haGroups').put(name, group)
  for (const [name, rule] of ha.rules) world.store.of('haRules').put(name, rule)
  for (const [sid, resource] of ha.resources) world.store.of('haResources').put(sid, resource)
  if (ha.resources.size > 0) await new Promise((resolve) => setTimeout(resolve, HA_SETTLES_MS))
  if (offline !== undefined) await cluster.simulator.powerOff(offline)
  if (maintenance !== undefined) {
    const now = world.clock.now()
    world.store.of('haManager').put('manager', {
      masterNode: 'n1',
      timestamp: now,
      nodes: {[maintenance]: 'maintenance'},
      seen: {},
      services: {},
    })
  }

  cluster.requests.length = 0
  return cluster
}
