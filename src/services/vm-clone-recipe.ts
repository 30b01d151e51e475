import type {Result} from 'neverthrow'
import {checkClone, cloneOptions, needsTemplate, type CloneChanges} from '../domain/clone-options.js'
import {creationOn} from '../domain/creation-layers.js'
import type {Failure} from '../domain/failure.js'
import {guestNeeds} from '../domain/guest-needs.js'
import type {GuestOptions} from '../domain/guest-options.js'
import {namedNeeds} from '../domain/named-needs.js'
import {rootOnlyOptions} from '../domain/root-options.js'
import {bootDisk} from '../domain/vm-disks.js'
import type {CloneRecipe} from './clone-recipe.js'
import type {VmCreateRequest} from './vm-create-request.js'

/** VMs that are clones of a template. */
export const vmClones: CloneRecipe<VmCreateRequest> = {
  type: 'qemu',
  usual: {net0: 'virtio'},
  sourceOf: ({source}) => (source.kind === 'template' ? source : undefined),
  descriptionOf: ({hardware}) => hardware.description,
  check: (request) => checkClone(changesOn(undefined, request)),
  needsTemplate: (request) => needsTemplate(changesOn(undefined, request)),
  options: (request, node, config): Result<GuestOptions, Failure> => cloneOptions(changesOn(node, request), config),
  needs({hardware, layers}, node) {
    const {bridge} = creationOn(node, layers)
    const {devices} = guestNeeds('qemu', hardware.others)
    return {
      bridges: [...(bridge === undefined ? [] : [bridge]), ...hardware.nets.flatMap((net) => net.get('bridge') ?? [])],
      devices,
    }
  },
  storages: ({hardware}) => namedNeeds(hardware.disks, 'images'),
  disk: (config) => bootDisk(config) ?? 'scsi0',
  rootOnly: (options) => rootOnlyOptions(options),
}

function changesOn(node: string | undefined, {cloudInit, hardware, layers, password}: VmCreateRequest): CloneChanges {
  const {description: _, ...rest} = hardware
  return {
    hardware: rest,
    creation: creationOn(node, layers),
    cloudInit,
    ...(password !== undefined && {password}),
  }
}
