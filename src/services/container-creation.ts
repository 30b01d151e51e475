import {okAsync, type Result, type ResultAsync} from 'neverthrow'
import type {ClusterResources} from '../domain/cluster.js'
import {checkSetup} from '../domain/container-setup.js'
import {creationOn} from '../domain/creation-layers.js'
import type {Failure} from '../domain/failure.js'
import {guestsCalled} from '../domain/guest.js'
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
    const isTemplate =
      source.kind === 'appliance' &&
      guestsCalled(guests, source.name).some(({template, type}) => template && type === 'lxc')
    return isTemplate ? this.fromTemplates : this.fromFiles
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
