import {errAsync, okAsync, type ResultAsync} from 'neverthrow'
import {cloudInitDrive, cloudInitValues, type CloudInitSpec} from '../domain/cloud-init.js'
import {isCloudInitKey} from '../domain/config-keys.js'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import {readConfigValue, type ConfigValues} from '../domain/guest-config.js'
import type {Secret} from '../domain/secret.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {CloudInitPart, ConfigRepository, PendingField} from '../repositories/config-repository.js'
import type {ConfigPlan, ConfigReading, ConfigService, PendingValue} from './config-service.js'
import type {GuestChange} from './guest-service.js'
import type {ReleaseGate} from './release-gate.js'
import {following} from './relocation.js'

/** What a VM is told by cloud-init. */
export interface CloudInitState {
  readonly guest: Guest
  /** The key of the drive with the data; absent when the VM has none. */
  readonly drive?: string
  readonly values: ConfigValues
  /** Values that the drive does not have yet; Proxmox does not tell changes of addresses. */
  readonly pending: readonly PendingValue[]
}

/** What cloud-init tells VMs: the values, and the drive that is made of them. */
export class CloudInitService {
  constructor(
    private readonly cluster: ClusterRepository,
    private readonly repository: ConfigRepository,
    private readonly configs: ConfigService,
    private readonly releases: ReleaseGate,
  ) {}

  show(vm: Guest): ResultAsync<CloudInitState, Failure> {
    return this.configs.read(vm).andThen(({guest, values}) =>
      this.repository.cloudInit(guest).map((fields) => {
        const drive = cloudInitDrive(values)
        return {
          guest,
          ...(drive !== undefined && {drive}),
          values: Object.fromEntries(Object.entries(values).filter(([key]) => isCloudInitKey(key))),
          pending: fields.flatMap((field) => waiting(field)),
        }
      }),
    )
  }

  /** Whether anything is asked for, and the server knows all of it. */
  check(spec: CloudInitSpec, password: Secret | undefined): ResultAsync<void, Failure> {
    if (Object.keys(spec).length === 0 && password === undefined) {
      return errAsync(
        failure('usage', 'nothing to set', {hint: 'Give at least one of --user, --ssh-key, --ip, --password-stdin …'}),
      )
    }

    return spec.upgrade === undefined
      ? okAsync(undefined)
      : this.releases.require('--upgrade', '8.0', 'Leave it out: packages are upgraded at the first start there')
  }

  /** What has to change in a VM's configuration; parts of values that are not asked for stay. */
  plan(vm: Guest, spec: CloudInitSpec, password: Secret | undefined): ResultAsync<ConfigPlan, Failure> {
    return this.configs
      .read(vm)
      .andThen((reading: ConfigReading) =>
        cloudInitValues(spec, reading.values).asyncAndThen((set) =>
          this.configs.planFor(reading, {set, ...(password !== undefined && {secrets: {cipassword: password}})}),
        ),
      )
  }

  /** Makes the drive anew from the configuration; a running VM finds it changed at its next start. */
  regenerate(vm: Guest): ResultAsync<GuestChange, Failure> {
    return this.configs
      .read(vm)
      .andThen(({guest, values}) =>
        cloudInitDrive(values) === undefined
          ? errAsync(noDrive(guest))
          : following(this.cluster, guest, (at) => this.repository.regenerate(at).map(() => changeOf(at))),
      )
  }

  /** What the drive says or would say; also for a VM without one. */
  dump(vm: Guest, part: CloudInitPart): ResultAsync<string, Failure> {
    return following(this.cluster, vm, (at) => this.repository.dump(at, part))
  }
}

function waiting({key, value, pending, deleted}: PendingField): PendingValue[] {
  if (pending === undefined && !deleted) return []
  const now = readConfigValue('qemu', key, value)
  const next = readConfigValue('qemu', key, pending)
  return [{key, ...(now !== undefined && {value: now}), ...(next !== undefined && {pending: next}), deleted}]
}

function changeOf({vmid, name, type, node, status}: Guest): GuestChange {
  return {vmid, ...(name !== undefined && {name}), type, node, status, changed: true}
}

function noDrive(vm: Guest): Failure {
  return failure('refused', `${guestLabel(vm)} has no cloud-init drive to make anew`, {
    hint: `Give it one: homelab proxmox vm config set ${vm.name ?? vm.vmid} ide2=STORAGE:cloudinit`,
    details: {vmid: vm.vmid, reason: 'no-cloud-init-drive'},
  })
}
