import {digestOf} from '../config/sections.js'
import {die, type Json} from '../kernel/pve-error.js'

import type {Call, Routes} from '../kernel/call.js'
import type {NodeRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

const API_VERSION = '1'
const TAKES_SECONDS = 4

/** Membership of the cluster: corosync's configuration. */
export const clusterConfigRoutes: Routes = {
  'GET /cluster/config': () => ['nodes', 'totem', 'join', 'qdevice', 'apiversion'].map((name) => ({name})),
  'GET /cluster/config/apiversion': () => API_VERSION,
  'GET /cluster/config/qdevice': ({node, world}) => quorumDevice(world, node),
  'GET /cluster/config/totem': ({world}) => totem(world),

  'GET /cluster/config/nodes'({world}) {
    if (world.meta.clusterName === undefined) return []
    return world.members().map((node) => ({...memberEntry(node), node: node.node}))
  },

  'GET /cluster/config/join'(call) {
    const {world} = call
    const asked = call.text('node')
    if (world.meta.clusterName === undefined) die('node is not in a cluster, no join info available!')
    const preferred = asked === undefined || asked === 'localhost' ? call.node : asked
    const nodelist = world.members().map((node) => ({
      ...memberEntry(node),
      pve_addr: node.ip,
      pve_fp: world.fingerprints.get(node.node) ?? '',
    }))
    if (!nodelist.some(({name}) => name === preferred)) die(`unknown node '${preferred}'`)
    return {
      nodelist,
      preferred_node: preferred,
      totem: totem(world),
      config_digest: digestOf([totem(world), nodelist.map(({name}) => name)]),
    }
  },

  'POST /cluster/config'(call) {
    const {world} = call
    if (world.meta.clusterName !== undefined) die("cluster config '/etc/pve/corosync.conf' already exists")
    const name = call.required('clustername')
    return call.startTask('clustercreate', name, async (task) => {
      task.log('Corosync Cluster Engine Authentication key generator.')
      await task.sleep(TAKES_SECONDS)
      task.log('Writing corosync key to /etc/corosync/authkey.')
      task.log('Writing corosync config to /etc/pve/corosync.conf')
      task.log('Restart corosync and cluster filesystem')
      world.store.of('meta').put('world', {...world.meta, clusterName: name, clusterVersion: 1})
      const node = world.node(call.node)
      if (node.nodeid === 0) world.store.of('nodes').update(node.node, {nodeid: call.number('nodeid') ?? 1})
    })
  },

  /** Nobody outside of this cluster is simulated that could be joined. */
  'POST /cluster/config/join'(call) {
    const {world} = call
    const host = call.required('hostname')
    const problems = [
      ...(world.meta.clusterName === undefined
        ? []
        : [
            "* authentication key '/etc/corosync/authkey' already exists",
            "* cluster config '/etc/pve/corosync.conf' already exists",
          ]),
      ...(world.store.of('guests').size > 0 ? ['* this host already contains virtual guests'] : []),
    ]
    return call.startTask('clusterjoin', '', async (task) => {
      if (problems.length > 0) {
        task.log('detected the following error(s):')
        for (const line of problems) task.log(line)
        die('Check if node may join a cluster failed!')
      }

      task.log(`Establishing API connection with host '${host}'`)
      await task.sleep(TAKES_SECONDS)
      die("500 Can't connect to " + host + ':8006 (Connection refused)')
    })
  },

  'POST /cluster/config/nodes/{node}'(call) {
    const {world} = call
    const name = call.required('node')
    const known = world.store.of('nodes').get(name)
    if (known?.member && !call.flag('force')) die(`can't add existing node '${name}'`)
    const highest = Math.max(0, ...world.members().map(({nodeid}) => nodeid))
    if (!known?.member) world.store.of('nodes').put(name, newMember(call, name, highest + 1))
    return {corosync_authkey: '', corosync_conf: '', warnings: []}
  },

  'DELETE /cluster/config/nodes/{node}'(call) {
    const {world} = call
    const name = call.required('node')
    const node = world.members().find((member) => member.node === name || member.ip === name)
    if (!node || world.meta.clusterName === undefined)
      return die(`Node/IP: ${name} is not a known host of the cluster.`)
    if (node.node === call.node) die('Cannot delete myself from cluster!')
    world.store.of('nodes').update(node.node, {member: false})
    world.store.of('meta').put('world', {...world.meta, clusterVersion: (world.meta.clusterVersion ?? 1) + 1})
    return null
  },
}

function memberEntry({node, nodeid, ip}: NodeRecord): {name: string; [key: string]: Json} {
  return {name: node, nodeid: String(nodeid), ring0_addr: ip, quorum_votes: '1'}
}

/** What corosync-qdevice-tool says on a node; nothing without a device. */
function quorumDevice({clock, meta, store}: World, node: string): Json {
  const device = meta.quorumDevice
  if (device === undefined) return {}
  const isConnected = device.connected && (store.of('nodes').get(node)?.connected ?? false)
  const now = new Date(clock.nowMs()).toISOString().slice(0, 19)
  return {
    Model: 'Net',
    'QNetd host': device.host,
    Algorithm: device.algorithm === 'lms' ? 'LMS' : 'Fifty-Fifty split',
    'Tie-breaker': 'Node with lowest node ID',
    State: isConnected ? 'Connected' : 'Connect failed',
    ...(isConnected && {'Last poll call': `${now} (cast vote)`, 'Echo reply': `${now} (reply received)`}),
  }
}

function totem({meta}: World): Json {
  if (meta.clusterName === undefined) return {}
  return {
    cluster_name: meta.clusterName,
    config_version: String(meta.clusterVersion ?? 1),
    interface: {0: {linknumber: '0'}},
    ip_version: 'ipv4-6',
    link_mode: 'passive',
    secauth: 'on',
    version: '2',
  }
}

/** A node that is in the configuration, but has never been up. */
function newMember(call: Call, name: string, nextId: number): NodeRecord {
  const like = call.world.node(call.node)
  return {
    ...like,
    node: name,
    nodeid: call.number('nodeid') ?? nextId,
    ip: call.text('new_node_ip') ?? '192.0.2.250',
    member: true,
    power: 'off',
    expired: true,
  }
}
