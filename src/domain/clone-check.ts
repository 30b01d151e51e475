import type {ClusterResources} from './cluster.js'
import {failure, type Failure} from './failure.js'
import {guestLabel, guestNoun, type Guest} from './guest.js'
import {isDiskKey, readDisk, type DiskLine} from './guest-disks.js'
import {holdsDisksOf} from './storage.js'
import {closest} from './suggest.js'

/** A clone that somebody asks for. */
export interface CloneQuestion {
  readonly source: Guest
  /** The configuration that is cloned: of now, or of the snapshot. */
  readonly config: Readonly<Record<string, unknown>>
  readonly linked: boolean
  readonly snapshot?: string
  readonly target?: string
  readonly storage?: string
}

/** Why the clone cannot be made, by what one look at cluster and source tells (reference 2.12, 2.13); undefined when nothing stands against it. */
export function cloneObstacle(question: CloneQuestion, resources: ClusterResources): Failure | undefined {
  return aboutManner(question) ?? aboutSource(question, resources) ?? aboutPlace(question, resources)
}

/** Linked or full, of now or of a snapshot. */
function aboutManner({config, linked, snapshot, source, storage}: CloneQuestion): Failure | undefined {
  const label = guestLabel(source)
  const tool = source.type === 'qemu' ? 'vm' : 'lxc'
  if (linked && !source.template) {
    return refused('not-a-template', `${label} is no template, and linked clones are made of templates only`, {
      hint: `Make a full clone (leave --linked out), or make it a template for good: homelab proxmox ${tool} template ${source.vmid}`,
    })
  }

  if (linked && storage !== undefined) {
    return failure(
      'usage',
      `a linked clone stays on the storage of its template: --storage cannot be combined with --linked`,
      {
        hint: 'Leave one of them out',
        details: {field: 'storage', value: storage},
      },
    )
  }

  const running = source.status !== 'stopped' && snapshot === undefined
  if (source.type === 'lxc' && running) {
    return failure('conflict', `${label} is ${source.status}, and a running container is cloned from a snapshot only`, {
      hint: `Take a snapshot and clone that with --snapshot, or shut it down first: homelab proxmox lxc shutdown ${source.vmid}`,
      details: {reason: 'is-running', vmid: source.vmid, node: source.node},
    })
  }

  if (source.type === 'qemu' && running && config['tpmstate0'] !== undefined) {
    return failure('conflict', `${label} is ${source.status}, and the state of its TPM cannot be copied meanwhile`, {
      hint: `Shut it down first: homelab proxmox vm shutdown ${source.vmid}`,
      details: {reason: 'is-running', vmid: source.vmid, node: source.node},
    })
  }

  return undefined
}

function aboutSource({config, source}: CloneQuestion, {nodes}: ClusterResources): Failure | undefined {
  const label = guestLabel(source)
  const node = nodes.find((one) => one.node === source.node)
  if (node?.status === 'offline') {
    return failure('node-offline', `${label} is on ${source.node}, which is offline`, {
      hint: 'See which nodes are online: homelab proxmox node list',
      details: {node: source.node},
    })
  }

  // Another clone holds the lock of a container for its whole run: that one is waited for.
  if (config['lock'] !== undefined && !(source.type === 'lxc' && config['lock'] === 'disk')) {
    return failure('locked', `${label} is locked (${String(config['lock'])})`, {
      hint: `See what runs: homelab proxmox task list`,
      details: {reason: 'guest-locked', lock: String(config['lock']), vmid: source.vmid, node: source.node},
    })
  }

  const path = disksOf(source, config).find(({storage, volume}) => storage === undefined && /^\//.test(volume))
  return path === undefined
    ? undefined
    : refused(
        'not-on-storage',
        `${label} cannot be cloned: its ${path.key} is ${path.volume} of the node itself, on no storage`,
        {
          hint: `Take it out of the ${guestNoun(source.type)} for the time being`,
          details: {key: path.key, path: path.volume},
        },
      )
}

/** Proxmox VE clones to another node only what lies on storage that both see; its VMs have to lie there before, whatever `--storage` says. */
function aboutPlace(question: CloneQuestion, {nodes, storages}: ClusterResources): Failure | undefined {
  const {config, source, storage, target = source.node} = question
  const label = guestLabel(source)
  const node = nodes.find((one) => one.node === target)
  if (node === undefined) {
    const names = nodes.map((one) => one.node)
    const near = closest(target, names)
    return failure('not-found', `there is no node "${target}"`, {
      hint: `${near === undefined ? '' : `Did you mean "${near}"? `}The nodes are: ${names.join(', ')}`,
      details: {node: target, nodes: names},
    })
  }

  if (node.status !== 'online') {
    return failure('node-offline', `node ${target} is ${node.status}`, {
      hint: 'See which nodes are online: homelab proxmox node list',
      details: {node: target},
    })
  }

  const seen = (on: string, name: string) => storages.find((one) => one.node === on && one.storage === name)
  const away = target !== source.node
  if (storage !== undefined) {
    for (const on of new Set([source.node, target])) {
      const there = seen(on, storage)
      const able = storages.filter((one) => one.node === on && one.available && holdsDisksOf(one, source.type))
      const hint = `On ${on} these would do: ${able.map((one) => one.storage).join(', ') || 'none'}`
      if (there === undefined) {
        return refused('storage-not-on-node', `storage ${storage} is not on node ${on}`, {
          hint,
          details: {storage, node: on},
        })
      }

      if (!there.available) {
        return refused('storage-inactive', `storage ${storage} is not active on node ${on}`, {
          hint,
          details: {storage, node: on},
        })
      }

      if (!holdsDisksOf(there, source.type)) {
        return refused('storage-content', `storage ${storage} does not hold disks of ${guestNoun(source.type)}s`, {
          hint,
          details: {storage, node: on},
        })
      }

      if (away && !there.shared) {
        return refused(
          'local-storage',
          `storage ${storage} is local to each node, and the clone is to be on ${target}`,
          {
            hint: 'Name a storage that both nodes share, or clone here and migrate the copy afterwards',
            details: {storage, node: on},
          },
        )
      }
    }
  }

  if (!away) return undefined
  // A container's disks may be copied to shared storage on the way; a VM's are looked at where they are.
  if (source.type === 'lxc' && storage !== undefined) return undefined
  const local = disksOf(source, config).find(
    (disk) => disk.storage !== undefined && !seen(source.node, disk.storage)?.shared,
  )
  if (local !== undefined) {
    return refused(
      'local-storage',
      `${label} cannot be cloned to ${target}: its ${local.key} is on ${local.storage}, local to ${source.node}`,
      {
        hint: `Clone it on ${source.node} and migrate the copy afterwards, or move its disks to shared storage first`,
        details: {key: local.key, storage: local.storage, node: target},
      },
    )
  }

  const missing = disksOf(source, config).find(
    (disk) => disk.storage !== undefined && seen(target, disk.storage) === undefined,
  )
  return missing === undefined || storage !== undefined
    ? undefined
    : refused(
        'storage-not-on-node',
        `${label} cannot be cloned to ${target}: storage ${missing.storage} of its ${missing.key} is not there`,
        {
          hint: 'Choose a node that has it, or name a shared storage with --storage',
          details: {key: missing.key, storage: missing.storage, node: target},
        },
      )
}

function disksOf({type}: Guest, config: Readonly<Record<string, unknown>>): DiskLine[] {
  return Object.entries(config).flatMap(([key, value]) =>
    isDiskKey(type, key) && !key.startsWith('unused') && typeof value === 'string' ? [readDisk(type, key, value)] : [],
  )
}

function refused(
  reason: string,
  message: string,
  {details, hint}: {readonly hint: string; readonly details?: Readonly<Record<string, unknown>>},
): Failure {
  return failure('refused', message, {hint, details: {reason, ...details}})
}
