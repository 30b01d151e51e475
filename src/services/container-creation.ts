import {okAsync, type Result, type ResultAsync} from 'neverthrow'
import type {ClusterResources} from '../domain/cluster.js'
import {checkSetup} from '../domain/container-setup.js'
import {creationOn} from '../domain/creation-layers.js'
import type {Failure} from '../domain/failure.js'
import {guestsCalled, type Guest} from '../domain/guest.js'
import {leavesStorageOpen} from '../domain/new-container-options.js'
import type {ContainerCreateRequest} from './container-create-request.js'
import type {GuestCreation} from './guest-create-service.js'
import type {GuestMaker} from './guest-maker.js'

/** How containers are created. */
export class ContainerCreation implements GuestCreation<ContainerCreateRequest> {
  readonly type = 'lxc'

  constructor(
    private readonly fromTemplates: GuestMaker<ContainerCreateRequest>,
    private readonly fromFiles: GuestMaker<ContainerCreateRequest>,
  ) {}

  /** A word is the template of that very name or VMID, where there is one; else the beginning of a file's name. */
  makerOf({source}: ContainerCreateRequest, {guests}: ClusterResources): GuestMaker<ContainerCreateRequest> {
    return source.kind === 'appliance' && isTemplate(source.name, guests) ? this.fromTemplates : this.fromFiles
  }

  storages({fetch: {templateStorage}, setup: {mounts, rootDisk}}: ContainerCreateRequest): string[] {
    const disks = [...(rootDisk === undefined ? [] : [rootDisk]), ...mounts]
    return [
      ...disks.flatMap((disk) => (disk.source.kind === 'volume' ? [] : (disk.storage ?? []))),
      ...(templateStorage === undefined ? [] : [templateStorage]),
    ]
  }

  leavesStorageOpen(request: ContainerCreateRequest, {guests}: ClusterResources): boolean {
    const {layers, setup, source} = request
    if (source.kind === 'appliance' && isTemplate(source.name, guests)) return source.linked !== true
    return leavesStorageOpen({creation: creationOn(undefined, layers), setup})
  }

  /** Only images need a newer release, which is asked for where they are looked for. */
  checkRelease(): ResultAsync<void, Failure> {
    return okAsync(undefined)
  }

  addresses({setup}: ContainerCreateRequest): string[] {
    return [setup.net, ...setup.nets].flatMap((net) =>
      ['ip', 'ip6', 'hwaddr'].flatMap((key) => net.get(key) ?? []).filter((address) => /[/:]/.test(address)),
    )
  }

  check({layers, setup}: ContainerCreateRequest): Result<void, Failure> {
    return checkSetup(setup, creationOn(undefined, layers))
  }
}

function isTemplate(nameOrId: string, guests: readonly Guest[]): boolean {
  return guestsCalled(guests, nameOrId).some(({template, type}) => template && type === 'lxc')
}
