import type {ContextSettings} from '../config/settings.js'
import type {CreationDefaults, VmCreateRequest} from '../services/vm-create-service.js'

/** What a context says about guests created through it; memory is written in MiB there, as in Proxmox VE. */
export function creationDefaults(
  context: Pick<ContextSettings, 'defaults' | 'nodes'>,
): Pick<VmCreateRequest, 'defaults' | 'nodeDefaults'> {
  return {
    defaults: inBytes(context.defaults ?? {}),
    nodeDefaults: Object.fromEntries(
      Object.entries(context.nodes ?? {}).map(([node, values]) => [node, inBytes(values)]),
    ),
  }
}

function inBytes({cores, memory, bridge, storage}: NonNullable<ContextSettings['defaults']>): CreationDefaults {
  return {
    ...(cores !== undefined && {cores}),
    ...(memory !== undefined && {memoryBytes: memory * 2 ** 20}),
    ...(bridge !== undefined && {bridge}),
    ...(storage !== undefined && {storage}),
  }
}
