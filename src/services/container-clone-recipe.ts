import {
  checkContainerClone,
  containerCloneOptions,
  needsContainerTemplate,
  type ContainerChanges,
} from '../domain/container-clone-options.js'
import {creationOn} from '../domain/creation-layers.js'
import {namedNeeds} from '../domain/named-needs.js'
import {rootOnlyContainerOptions} from '../domain/root-options.js'
import type {CloneRecipe} from './clone-recipe.js'
import type {ContainerCreateRequest} from './container-create-request.js'

/** Containers that are clones of a template. */
export const containerClones: CloneRecipe<ContainerCreateRequest> = {
  type: 'lxc',
  usual: {net0: 'name=eth0'},
  sourceOf: ({source}) =>
    source.kind === 'appliance' ? {template: source.name, linked: source.linked ?? false} : undefined,
  descriptionOf: ({setup}) => setup.description,
  check: (request) => checkContainerClone(changesOn(undefined, request)),
  needsTemplate: (request) => needsContainerTemplate(changesOn(undefined, request)),
  options: (request, node, config) => containerCloneOptions(changesOn(node, request), config),
  needs({layers, setup}, node) {
    const {bridge} = creationOn(node, layers)
    return {
      bridges: [...(bridge === undefined ? [] : [bridge]), ...setup.nets.flatMap((net) => net.get('bridge') ?? [])],
      devices: [],
    }
  },
  storages: ({setup}) => namedNeeds(setup.mounts, 'rootdir'),
  disk: () => 'rootfs',
  rootOnly: (options, config) => rootOnlyContainerOptions(options, Number(config['unprivileged'] ?? 0) !== 1),
}

function changesOn(node: string | undefined, {layers, password, setup}: ContainerCreateRequest): ContainerChanges {
  const {description: _, ...rest} = setup
  return {setup: rest, creation: creationOn(node, layers), ...(password !== undefined && {password})}
}
