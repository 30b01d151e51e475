import type {CreationDefaults} from './creation-defaults.js'

/** Where the values of a new guest come from; what is asked for on the command line or in a file goes before the class, that before the defaults. */
export interface CreationLayers {
  readonly asked: CreationDefaults
  /** Of `--class`. */
  readonly machineClass?: CreationDefaults & {
    /** See `NodeDemand.spread`. */
    readonly spread?: boolean
  }
  readonly nodeDefaults: Readonly<Record<string, CreationDefaults>>
  readonly defaults: CreationDefaults
}

/** What applies on a node. Without a node: what applies wherever it has none of its own. */
export function creationOn(node: string | undefined, layers: CreationLayers): CreationDefaults {
  const {asked, defaults, machineClass = {}, nodeDefaults} = layers
  const own = node !== undefined && Object.hasOwn(nodeDefaults, node) ? nodeDefaults[node] : undefined
  return {...defaults, ...own, ...given(machineClass), ...given(asked)}
}

/** Without what is undefined, which must not hide what lies below. */
function given({
  cores,
  memoryBytes,
  diskBytes,
  bridge,
  storage,
  pool,
  tags,
  vmids,
}: CreationDefaults): CreationDefaults {
  return Object.fromEntries(
    Object.entries({cores, memoryBytes, diskBytes, bridge, storage, pool, tags, vmids}).filter(
      ([, value]) => value !== undefined,
    ),
  )
}
