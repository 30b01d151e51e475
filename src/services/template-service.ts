import {err, ok, ResultAsync, type Result} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {DeviceRepository} from '../repositories/device-repository.js'
import type {GuestRepository} from '../repositories/guest-repository.js'
import type {TaskRepository} from '../repositories/task-repository.js'
import {changeOf, type GuestChange} from './guest-service.js'
import {impatience, tellAnswer, type Patience, type Timing} from './patience.js'
import {following} from './relocation.js'
import type {TaskService} from './task-service.js'

const POLL_MS = 500
const LOOKS_FOR_TASK = 4

export interface TemplateParts {
  readonly cluster: ClusterRepository
  readonly guests: GuestRepository
  readonly devices: Pick<DeviceRepository, 'snapshots'>
  readonly taskList: TaskRepository
  readonly tasks: TaskService
  readonly timing: Timing
}

/** Making templates of guests, for good. */
export class TemplateService {
  constructor(private readonly parts: TemplateParts) {}

  /** Why it cannot be one, from GET requests alone; undefined when it can, or is one. */
  async obstacle(listed: Guest): Promise<Failure | undefined> {
    if (listed.template) return undefined
    const {cluster, devices, guests} = this.parts
    const looked = await following(cluster, listed, (guest) =>
      ResultAsync.combine([guests.config(guest), guests.status(guest), devices.snapshots(guest)] as const),
    )
    if (looked.isErr()) return looked.error
    const [config, status, snapshots] = looked.value
    return obstacleOf(listed, config, status, snapshots)
  }

  /** Makes a template of a guest, unless it is one. There is no way back. */
  async convert(guest: Guest, wait: boolean, patience: Patience): Promise<Result<GuestChange, Failure>> {
    if (guest.template) return ok(changeOf(guest, 'template', false))
    const obstacle = await this.obstacle(guest)
    if (obstacle !== undefined) return err(obstacle)
    const what = `conversion of ${guestLabel(guest)} to a template`
    const {cluster, guests, tasks} = this.parts
    const before = guest.type === 'lxc' ? await this.conversions(guest) : []
    const sent = await following(cluster, guest, (there) => guests.convertToTemplate(there))
    if (sent.isErr()) return err(sent.error)
    const upid = sent.value ?? (await this.findTask(guest, new Set(before), patience))
    if (!wait) return ok({...changeOf(guest, guest.status, true), ...(upid !== undefined && {upid})})
    if (upid === undefined)
      return (await this.untilTemplate(guest, what, patience)).map(() => changeOf(guest, 'template', true))
    const task = await tasks.waitOk(upid, what, patience)
    if (task.isErr()) return err(task.error)
    const reached = await this.untilTemplate(guest, what, patience)
    return reached.map(() => ({...changeOf(guest, 'template', true), task: task.value}))
  }

  /** For a container the server tells no UPID, though a task runs (reference 2.13): it is the one that was not there before. */
  private async findTask(guest: Guest, before: ReadonlySet<string>, patience: Patience): Promise<string | undefined> {
    for (let look = 0; look < LOOKS_FOR_TASK; look++) {
      const found = (await this.conversions(guest)).find((upid) => !before.has(upid))
      if (found !== undefined) return found
      await this.parts.timing.sleep(POLL_MS, patience.signal)
    }

    return undefined
  }

  private async conversions({node, vmid}: Guest): Promise<string[]> {
    const listed = await this.parts.taskList.list(node, {type: 'vztemplate', vmid})
    return listed.unwrapOr([]).map(({upid}) => upid)
  }

  private async untilTemplate(guest: Guest, what: string, patience: Patience): Promise<Result<void, Failure>> {
    const {guests, timing} = this.parts
    for (;;) {
      const config = await guests.config(guest)
      tellAnswer(patience, what, config)
      if (config.isOk() && String(config.value['template'] ?? '0') === '1') return ok(undefined)
      const gone = impatience(patience, timing, what)
      if (gone !== undefined) return err(gone)
      await timing.sleep(patience.pollIntervalMs ?? POLL_MS, patience.signal)
    }
  }
}

function obstacleOf(
  guest: Guest,
  config: Readonly<Record<string, unknown>>,
  status: string,
  snapshots: readonly string[],
): Failure | undefined {
  const label = guestLabel(guest)
  const tool = guest.type === 'qemu' ? 'vm' : 'lxc'
  const details = {vmid: guest.vmid, node: guest.node}
  if (config['lock'] !== undefined) {
    return failure('locked', `${label} is locked (${String(config['lock'])})`, {
      hint: 'See what runs: homelab proxmox task list',
      details: {...details, reason: 'guest-locked', lock: String(config['lock'])},
    })
  }

  if (status !== 'stopped') {
    return failure('conflict', `${label} is ${status}: only a stopped guest becomes a template`, {
      hint: `Shut it down first: homelab proxmox ${tool} shutdown ${guest.vmid}`,
      details: {...details, reason: 'is-running', status},
    })
  }

  if (snapshots.length > 0) {
    return failure('conflict', `${label} has snapshots, which a template cannot have: ${snapshots.join(', ')}`, {
      hint: `Delete them first, or make a full clone of it and a template of that: homelab proxmox ${tool} clone ${guest.vmid} NAME`,
      details: {...details, reason: 'has-snapshots', snapshots},
    })
  }

  return undefined
}
