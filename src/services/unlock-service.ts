import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {lockMeaning} from '../domain/guest-lock.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import {guestCommand} from '../domain/native-command.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import {isRootOnly} from '../repositories/failure-from-request.js'
import type {GuestRepository} from '../repositories/guest-repository.js'
import type {TaskRepository} from '../repositories/task-repository.js'
import {changeOf, type GuestChange} from './guest-service.js'
import {following} from './relocation.js'

/** What became of a lock; `lock` is the one that was there. */
export interface UnlockChange extends GuestChange {
  readonly lock?: string
}

/** A guest's lock, and what speaks against taking it away. */
export interface LockLook {
  readonly guest: Guest
  readonly lock?: string
  readonly obstacle?: Failure
}

/** Taking away locks that something left behind. */
export class UnlockService {
  constructor(
    private readonly cluster: ClusterRepository,
    private readonly guests: GuestRepository,
    private readonly taskList: TaskRepository,
  ) {}

  /** By GET requests alone: the lock, and whether whoever set it still works. */
  async look(listed: Guest): Promise<Result<LockLook, Failure>> {
    const found = await following(this.cluster, listed, (guest) =>
      this.guests.config(guest).map((config) => ({guest, lock: config['lock']})),
    )
    if (found.isErr()) return err(found.error)
    const {guest} = found.value
    if (found.value.lock === undefined) return ok({guest})
    const lock = String(found.value.lock)
    const running = await this.taskList.list(guest.node, {vmid: guest.vmid, source: 'active'})
    const tasks = running.unwrapOr([]).filter(({state}) => state === 'running')
    const obstacle = this.obstacle(
      guest,
      lock,
      tasks.map(({upid}) => upid),
    )
    return ok({guest, lock, ...(obstacle !== undefined && {obstacle})})
  }

  /** Only root@pam with its password may do it over the API, and only for VMs; everybody else hears the line for the node. */
  async unlock(listed: Guest): Promise<Result<UnlockChange, Failure>> {
    const looked = await this.look(listed)
    if (looked.isErr()) return err(looked.error)
    const {guest, lock, obstacle} = looked.value
    if (lock === undefined) return ok(changeOf(guest, guest.status, false))
    if (obstacle !== undefined) return err(obstacle)
    const sent = await this.guests.removeLock(guest)
    if (sent.isErr()) return err(isRootOnly(sent.error) ? onTheNode(guest, lock, 'permission') : sent.error)
    return ok({...changeOf(guest, guest.status, true), lock})
  }

  private obstacle(guest: Guest, lock: string, upids: readonly string[]): Failure | undefined {
    const [upid] = upids
    const label = guestLabel(guest)
    const details = {reason: 'guest-locked', lock, vmid: guest.vmid, node: guest.node}
    if (upid !== undefined) {
      return failure('refused', `${label} is locked (${lock}) by a task that runs`, {
        hint: `Wait for it: homelab proxmox task wait ${upid}, or end it: homelab proxmox task stop ${upid}`,
        upid,
        details,
      })
    }

    if (lock === 'suspended') {
      return failure('refused', `${label} is locked (${lock}): ${lockMeaning(lock)}`, {
        hint: `homelab proxmox vm resume ${guest.vmid}`,
        details,
      })
    }

    return guest.type === 'lxc' ? onTheNode(guest, lock, 'not-supported') : undefined
  }
}

function onTheNode(guest: Guest, lock: string, kind: 'not-supported' | 'permission'): Failure {
  const who =
    kind === 'permission' ? 'only root@pam with its password may unlock it' : 'the API cannot unlock a container'
  return failure(kind, `${guestLabel(guest)} is locked (${lock}): ${lockMeaning(lock)}. No task runs, but ${who}`, {
    hint: `If nothing works on it any more, unlock it in a shell on ${guest.node}: ${guestCommand(guest.type, 'unlock', [guest.vmid])}`,
    details: {reason: 'guest-locked', lock, vmid: guest.vmid, node: guest.node},
  })
}
