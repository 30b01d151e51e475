import {err, errAsync, ok, okAsync, ResultAsync, type Result} from 'neverthrow'
import {cloudInitDrive} from '../domain/cloud-init.js'
import {
  configKind,
  isCloudInitKey,
  isDiskKey,
  isSecretKey,
  KEYS_KNOWN_UP_TO,
  unknownKey,
} from '../domain/config-keys.js'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest, type GuestType} from '../domain/guest.js'
import {
  configDifferences,
  difference,
  MASK,
  plainValue,
  readConfig,
  readConfigValue,
  sameConfigValue,
  wireValue,
  type ConfigDifference,
  type ConfigValue,
  type ConfigValues,
} from '../domain/guest-config.js'
import type {Secret} from '../domain/secret.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {ConfigRepository, ConfigUpdate, ConfigView, PendingField} from '../repositories/config-repository.js'
import type {GuestRepository} from '../repositories/guest-repository.js'
import type {GuestChange} from './guest-service.js'
import type {Patience} from './patience.js'
import {compareReleases, type ReleaseGate} from './release-gate.js'
import {following} from './relocation.js'
import type {TaskService} from './task-service.js'

/** A configuration, and what it is the configuration of. */
export interface ConfigReading {
  readonly guest: Guest
  readonly values: ConfigValues
  /** Of the configuration file, as long as it stays as it was read. */
  readonly digest?: string
}

/** A key that has another value after the next start, beside those that stay. */
export interface PendingValue {
  readonly key: string
  readonly value?: ConfigValue
  readonly pending?: ConfigValue
  readonly deleted: boolean
}

/** What shall be different, as people write it. */
export interface ConfigWish {
  readonly set: Readonly<Record<string, string>>
  readonly secrets?: Readonly<Record<string, Secret>>
  readonly delete?: readonly string[]
  /** Keys whose pending changes are given up. */
  readonly revert?: readonly string[]
}

/** A wish held against a configuration: what has to be sent, and what it changes. */
export interface ConfigPlan {
  readonly reading: ConfigReading
  readonly update: ConfigUpdate
  /** Empty: it is all so already. */
  readonly changes: readonly ConfigDifference[]
}

/** What became of a guest's configuration. */
export interface ConfigChange extends GuestChange {
  readonly changes: readonly ConfigDifference[]
  /** Changed keys that take effect with the next start of the guest. */
  readonly pendingRestart?: readonly string[]
  /** The running guest's cloud-init drive still says otherwise. */
  readonly pendingCloudInit?: true
  /** The change is about cloud-init, and the VM has no drive with its data. */
  readonly noCloudInitDrive?: true
}

export interface ConfigApplication {
  readonly wait: boolean
}

/** Reading and changing configurations; a change that somebody else has overtaken is refused, never repeated. */
export class ConfigService {
  constructor(
    private readonly cluster: ClusterRepository,
    private readonly guests: GuestRepository,
    private readonly configs: ConfigRepository,
    private readonly releases: ReleaseGate,
    private readonly tasks: TaskService,
  ) {}

  read(guest: Guest, view: ConfigView = {}): ResultAsync<ConfigReading, Failure> {
    return following(this.cluster, guest, (at) =>
      this.configs.read(at, view).map((fields) => ({
        guest: at,
        values: readConfig(at.type, fields),
        ...(typeof fields.digest === 'string' && {digest: fields.digest}),
      })),
    )
  }

  /** Every key, with what waits for the next start. */
  pending(guest: Guest): ResultAsync<PendingValue[], Failure> {
    return following(this.cluster, guest, (at) => this.configs.pending(at)).map((fields) =>
      pendingValues(guest.type, fields),
    )
  }

  /**
   * Checks keys and values, without a guest to hold them against.
   * @returns the wish with its values as they are sent
   */
  check(type: GuestType, wish: ConfigWish): ResultAsync<ConfigWish, Failure> {
    const set: Record<string, string> = {}
    for (const [key, text] of Object.entries(wish.set)) {
      if (isSecretKey(key)) return errAsync(secretInTheOpen(type, key))
      const value = wireValue(type, key, text)
      if (value.isErr()) return errAsync(value.error)
      set[key] = value.value
    }

    const removals = [...(wish.delete ?? []), ...(wish.revert ?? [])]
    const twice = removals.find((key, index) => key in set || removals.indexOf(key) !== index)
    if (twice !== undefined) {
      return errAsync(
        failure('usage', `${twice} is named for two things at once`, {
          hint: 'A key can be set, deleted or reverted, once',
          details: {field: twice},
        }),
      )
    }

    if (removals.length + Object.keys(set).length + Object.keys(wish.secrets ?? {}).length === 0)
      return errAsync(failure('usage', 'nothing to change', {hint: 'Give key=value, --delete KEY or --revert KEY'}))
    const strange = [...Object.keys(set), ...removals].find((key) => configKind(type, key) === undefined)
    const checked = {...wish, set}
    if (strange === undefined) return okAsync(checked)
    // A later release may have keys that nobody knew of here; its own check has the last word.
    return this.releases
      .release()
      .andThen((release) =>
        compareReleases(release, KEYS_KNOWN_UP_TO) > 0 ? okAsync(checked) : errAsync(unknownKey(type, strange)),
      )
  }

  /** @param wish has been checked; the digest is that of the configuration it is held against here */
  plan(guest: Guest, wish: ConfigWish): ResultAsync<ConfigPlan, Failure> {
    return this.read(guest).andThen((reading) => this.planFor(reading, wish))
  }

  /** Like `plan`, for a wish that depends on what was read. */
  planFor(reading: ConfigReading, wish: ConfigWish): ResultAsync<ConfigPlan, Failure> {
    return (wish.revert ?? []).length === 0
      ? okAsync(planOn(reading, wish, []))
      : this.pending(reading.guest).map((pending) => planOn(reading, wish, pending))
  }

  /**
   * Sends what a plan holds, unless it is all so already.
   * @returns `digest-changed` with what changed meanwhile, when the configuration is no longer the one that was read
   */
  apply(plan: ConfigPlan, options: ConfigApplication, patience: Patience): ResultAsync<ConfigChange, Failure> {
    return new ResultAsync(this.carryOut(plan, options, patience))
  }

  private async carryOut(
    plan: ConfigPlan,
    {wait}: ConfigApplication,
    patience: Patience,
  ): Promise<Result<ConfigChange, Failure>> {
    const {reading, changes} = plan
    if (changes.length === 0) return ok({...aboutGuest(reading.guest), changed: false, changes: []})
    const sent = await this.send(plan)
    if (sent.isErr()) {
      const {kind} = sent.error
      if (kind === 'digest-changed') return err(await this.overtaken(plan, sent.error))
      // The server may have been too busy to answer in time and done it all the same.
      if (kind !== 'outcome-unknown' || !(await this.isSo(plan))) return err(sent.error)
    }

    const {guest, upid} = sent.unwrapOr({guest: reading.guest, upid: undefined})
    const done = {...aboutGuest(guest), changed: true, changes}
    if (upid === undefined) return this.report(guest, done, changes)
    if (!wait) return ok({...done, upid})
    const task = await this.tasks.waitOk(upid, `configuration of ${guestLabel(guest)}`, patience)
    if (task.isErr()) return err(task.error)
    return this.report(guest, {...done, task: task.value}, changes)
  }

  /** The change of a disk may take longer than a request: it goes into a task, where Proxmox has one for it (reference 2.5, 2.12). */
  private send({reading, update}: ConfigPlan): ResultAsync<{guest: Guest; upid: string | undefined}, Failure> {
    const keys = [...Object.keys(update.set), ...update.delete]
    const slow = reading.guest.type === 'qemu' && keys.some((key) => isDiskKey('qemu', key))
    return following(this.cluster, reading.guest, (guest) =>
      slow
        ? this.configs.updateInTask(guest, update).map((upid) => ({guest, upid}))
        : this.configs.update(guest, update).map(() => ({guest, upid: undefined})),
    )
  }

  /** Says what is so now: values as the server completed them, and what waits for a restart. */
  private async report(
    guest: Guest,
    done: ConfigChange,
    changes: readonly ConfigDifference[],
  ): Promise<Result<ConfigChange, Failure>> {
    const pending = await this.pending(guest)
    if (pending.isErr()) return ok(done)
    const now = new Map(pending.value.map((value) => [value.key, value]))
    const waiting = changes.map(({key}) => key).filter((key) => isWaiting(now.get(key)))
    const next = (key: string): ConfigValue | undefined => {
      const value = now.get(key)
      return value === undefined || value.deleted ? undefined : (value.pending ?? value.value)
    }
    const cloudInit = await this.aboutCloudInit(guest, changes, next, [...now.keys()])
    // The server may have made of a value what it was before, as of tags whose case means nothing.
    const made = changes
      .map(({key, before}) => difference(key, before, next(key)))
      .filter(({key, before, after}) => isSecretKey(key) || !sameConfigValue(key, before, after))
    return ok({
      ...done,
      changed: made.length > 0,
      changes: made,
      ...(waiting.length > 0 && {pendingRestart: waiting}),
      ...cloudInit,
    })
  }

  /** A running VM keeps the drive it was started with, unless it may be exchanged under its feet (reference 2.12). */
  private async aboutCloudInit(
    guest: Guest,
    changes: readonly ConfigDifference[],
    next: (key: string) => ConfigValue | undefined,
    keys: readonly string[],
  ): Promise<Pick<ConfigChange, 'noCloudInitDrive' | 'pendingCloudInit'>> {
    if (guest.type !== 'qemu' || !changes.some(({key}) => isCloudInitKey(key))) return {}
    if (cloudInitDrive(Object.fromEntries(keys.map((key) => [key, next(key)]))) === undefined)
      return {noCloudInitDrive: true}
    if (
      String(next('hotplug') ?? '')
        .split(/[,;\s]+/)
        .includes('cloudinit')
    )
      return {}
    return (await this.guests.status(guest)).unwrapOr('stopped') === 'stopped' ? {} : {pendingCloudInit: true}
  }

  private async isSo({reading, changes, update}: ConfigPlan): Promise<boolean> {
    if (update.secrets !== undefined && Object.keys(update.secrets).length > 0) return false
    const now = await this.read(reading.guest)
    return now
      .map(({values}) => changes.every(({key, after}) => sameConfigValue(key, values[key], after)))
      .unwrapOr(false)
  }

  private async overtaken({reading, changes}: ConfigPlan, failed: Failure): Promise<Failure> {
    const {guest, values} = reading
    const now = await this.read(guest)
    const meanwhile = now.isOk() ? configDifferences(values, now.value.values) : []
    const noun = guest.type === 'qemu' ? 'vm' : 'lxc'
    const what =
      meanwhile.length === 0
        ? 'and may be changed back, or in its snapshots'
        : meanwhile.map((one) => sayDifference(one)).join('; ')
    return failure(
      'digest-changed',
      `${guestLabel(guest)} was changed meanwhile (${what}); nothing of this change was made`,
      {
        hint: `Look at it, and repeat the change if it is still wanted: homelab proxmox ${noun} config show ${guest.name ?? guest.vmid}`,
        details: {...failed.details, vmid: guest.vmid, node: guest.node, changedMeanwhile: meanwhile, wanted: changes},
      },
    )
  }
}

function planOn(reading: ConfigReading, wish: ConfigWish, pending: readonly PendingValue[]): ConfigPlan {
  const {guest, values, digest} = reading
  const changes: ConfigDifference[] = []
  const set: Record<string, string> = {}
  for (const [key, text] of Object.entries(wish.set)) {
    const after = readConfigValue(guest.type, key, text)
    if (sameConfigValue(key, values[key], after)) continue
    set[key] = text
    changes.push(difference(key, values[key], after))
  }

  for (const key of Object.keys(wish.secrets ?? {})) changes.push(difference(key, values[key], MASK))
  const deletions = (wish.delete ?? []).filter((key) => values[key] !== undefined)
  for (const key of deletions) changes.push(difference(key, values[key], undefined))
  const reverted = pending.filter((value) => (wish.revert ?? []).includes(value.key) && isWaiting(value))
  for (const {key, value} of reverted) changes.push(difference(key, values[key], value))
  return {
    reading,
    changes,
    update: {
      set,
      ...(wish.secrets !== undefined && {secrets: wish.secrets}),
      delete: deletions,
      revert: reverted.map(({key}) => key),
      ...(digest !== undefined && {digest}),
    },
  }
}

function pendingValues(type: GuestType, fields: readonly PendingField[]): PendingValue[] {
  return fields.flatMap(({key, value, pending, deleted}) => {
    if (key === 'digest') return []
    const now = readConfigValue(type, key, value)
    const next = readConfigValue(type, key, pending)
    return [{key, ...(now !== undefined && {value: now}), ...(next !== undefined && {pending: next}), deleted}]
  })
}

function isWaiting(value: PendingValue | undefined): boolean {
  return value !== undefined && (value.deleted || value.pending !== undefined)
}

function aboutGuest({vmid, name, type, node, status}: Guest): Omit<GuestChange, 'changed'> {
  return {vmid, ...(name !== undefined && {name}), type, node, status}
}

/** `cores: 2 -> 4`, in one line. */
function sayDifference({key, before, after}: ConfigDifference): string {
  const short = (value: ConfigValue): string => {
    const [line = '', ...rest] = plainValue(value).split('\n')
    return rest.length > 0 || line.length > 60 ? `${line.slice(0, 60)}…` : line
  }
  if (before === undefined) return `${key}: ${after === undefined ? '' : short(after)} is new`
  return after === undefined ? `${key} is gone` : `${key}: ${short(before)} -> ${short(after)}`
}

function secretInTheOpen(type: GuestType, key: string): Failure {
  return failure('usage', `${key} is a secret and cannot be given as an argument, where others can read it`, {
    hint:
      type === 'qemu'
        ? 'Give it on stdin: homelab proxmox vm cloudinit set NAME --password-stdin'
        : 'Set it in the container',
    details: {field: key},
  })
}
