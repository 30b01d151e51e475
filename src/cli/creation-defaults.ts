import type {ContextSettings} from '../config/configuration.js'
import type {VmCreateRequest} from '../services/vm-create-service.js'

/** What a context says about guests created through it. */
export function creationDefaults(
  context: Pick<ContextSettings, 'defaults' | 'nodes'>,
): Pick<VmCreateRequest, 'defaults' | 'nodeDefaults'> {
  return {defaults: context.defaults, nodeDefaults: context.nodes}
}
