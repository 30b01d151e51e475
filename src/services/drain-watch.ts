import {err, ok, type Result} from 'neverthrow'
import type {ClusterResources} from '../domain/cluster.js'
import {EXIT_CODES, failure, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest, type GuestType} from '../domain/guest.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {GuestRepository} from '../repositories/guest-repository.js'
import type {TaskRepository} from '../repositories/task-repository.js'
import {impatience, type Patience, type Timing} from './patience.js'

const POLL_MS = 2000
const MOVING: ReadonlySet<string> = new Set(['migrate', 'relocate'])
const BUSY: ReadonlySet<string> = new Set([
  'hamigrate',
  'hastart',
  'hastop',
  'qmigrate',
  'qmshutdown',
  'qmstart',
  'vzmigrate',
  'vzshutdown',
  'vzstart',
])
/** Failures that are about us, not about the guest: they stay what they are. */
const OWN: ReadonlySet<Failure['kind']> = new Set([
  'authentication',
  'certificate-changed',
  'certificate-untrusted',
  'interrupted',
  'permission',
  'terminated',
  'timeout',
])

interface Who {
  readonly vmid: number
  readonly type: GuestType
  readonly name?: string
}

/** What a failure means, and where the guest is, where it is known to be well. */
export interface Judgement {
  readonly failure: Failure
  readonly node?: string
}

/** Looks at a cluster whose guests are moved about: whether it is whole, what is still under way, and what a failure means. */
export class DrainWatch {
  constructor(
    private readonly cluster: Pick<ClusterRepository, 'resources' | 'status'>,
    private readonly guests: Pick<GuestRepository, 'status'>,
    private readonly taskList: Pick<TaskRepository, 'recent'>,
    private readonly timing: Timing,
  ) {}

  /** Whether guests can leave a node, or come to it: it is one of several, is reached, and the cluster has quorum. */
  async ready(node: string): Promise<Result<void, Failure>> {
    const status = await this.cluster.status()
    return status.andThen(({cluster, members}) => {
      const member = members.find((one) => one.node === node)
      if (member === undefined) {
        return err(
          failure('not-found', `there is no node "${node}"`, {
            hint: `Nodes: ${members.map((one) => one.node).join(', ')}`,
            details: {node},
          }),
        )
      }

      if (cluster === undefined || members.length < 2) {
        return err(
          failure('refused', `there is no other node: ${node} stands alone, and its guests can go nowhere`, {
            hint: 'Shut them down instead: homelab proxmox vm shutdown --all, homelab proxmox lxc shutdown --all',
            details: {node},
          }),
        )
      }

      if (!cluster.quorate) return err(noQuorum())
      return member.online
        ? ok(undefined)
        : err(
            failure('node-offline', `the node ${node} is offline: nothing can be moved from it or to it`, {
              hint: 'See: homelab proxmox cluster status',
              details: {node},
            }),
          )
    })
  }

  /** `no-quorum` without; nothing may be begun then. */
  async quorum(): Promise<Result<void, Failure>> {
    const status = await this.cluster.status()
    return status.andThen(({cluster}) => (cluster?.quorate === false ? err(noQuorum()) : ok(undefined)))
  }

  /** Waits until none of some guests is on its way anywhere, or to another state; gives the cluster as it is then. */
  async settled(vmids: ReadonlySet<number>, patience: Patience): Promise<Result<ClusterResources, Failure>> {
    for (;;) {
      const look = await this.cluster.resources()
      if (look.isErr()) return err(look.error)
      const tasks = vmids.size === 0 ? ok([]) : await this.taskList.recent()
      if (tasks.isErr()) return err(tasks.error)
      // A dead node's tasks stay listed as running (cluster facts).
      const online = new Set(look.value.nodes.filter(({status}) => status === 'online').map(({node}) => node))
      const task = tasks.value.find(
        ({id, node, state, type}) => state === 'running' && online.has(node) && BUSY.has(type) && vmids.has(Number(id)),
      )
      const moving = look.value.guests.find(
        (guest) => vmids.has(guest.vmid) && (isMoving(guest) || Number(task?.id) === guest.vmid),
      )
      if (moving === undefined) return ok(look.value)
      if (!online.has(moving.node)) return err(lost(moving, `its node ${moving.node} is offline`))
      const what = `${guestLabel(moving)}, which is being moved, started or shut down already`
      patience.onStep?.({text: `waiting for ${what}`})
      const gone = impatience(patience, this.timing, what, task?.upid)
      if (gone !== undefined) return err(gone)
      await this.timing.sleep(patience.pollIntervalMs ?? POLL_MS, patience.signal)
    }
  }

  /**
   * What a failure in the middle means, by a look at the guest: `refused` (or what it was, where that is a refusal) while it is whole and where one can see it,
   * `no-quorum` once quorum is gone, else `outcome-unknown`.
   */
  async judge(failed: Failure, who: Who, ran: boolean): Promise<Judgement> {
    if (OWN.has(failed.kind)) return {failure: failed}
    const quorum = await this.quorum()
    const found = await this.cluster.resources()
    if (quorum.isErr() && quorum.error.kind === 'no-quorum') {
      return {
        failure: {...quorum.error, message: `${quorum.error.message}; ${failed.message}`, ...taskOf(failed)},
      }
    }

    if (found.isErr()) return unknown(failed, `and the cluster does not say where it is: ${found.error.message}`)
    const guest = found.value.guests.find(({vmid}) => vmid === who.vmid)
    if (guest === undefined) return unknown(failed, 'and it is not listed any more')
    const node = found.value.nodes.find((one) => one.node === guest.node)
    if (node?.status !== 'online') return unknown(failed, `and its node ${guest.node} is offline`)
    if (guest.lock !== undefined && failed.kind !== 'locked') return unknown(failed, `and it is locked (${guest.lock})`)
    const status = await this.guests.status(guest)
    if (status.isErr()) return unknown(failed, `and ${guest.node} does not say how it is: ${status.error.message}`)
    if (ran && status.value === 'stopped') return unknown(failed, `and it is stopped on ${guest.node}`)
    const judged: Failure =
      EXIT_CODES[failed.kind] === EXIT_CODES.refused
        ? failed
        : {...failed, kind: 'refused', message: `${failed.message}; it is ${status.value} on ${guest.node}`}
    return {failure: judged, node: guest.node}
  }
}

function isMoving({haState, lock}: Guest): boolean {
  return lock === 'migrate' || MOVING.has(haState ?? '')
}

function noQuorum(): Failure {
  return failure('no-quorum', 'the cluster has no quorum: nothing can be moved', {
    hint: 'See which nodes are missing: homelab proxmox cluster status',
  })
}

function lost(guest: Guest, why: string): Failure {
  return failure('outcome-unknown', `${guestLabel(guest)} was being moved, and ${why}`, {
    details: {vmid: guest.vmid, node: guest.node},
  })
}

function unknown(failed: Failure, why: string): Judgement {
  return {failure: {...failed, kind: 'outcome-unknown', message: `${failed.message}, ${why}`}}
}

function taskOf({taskLog, upid}: Failure): Pick<Failure, 'taskLog' | 'upid'> {
  return {...(upid !== undefined && {upid}), ...(taskLog !== undefined && {taskLog})}
}
