import {Flags} from '@oclif/core'
import type {ContextSettings} from '../config/configuration.js'
import {creationOn} from '../domain/creation-layers.js'
import {PLACEMENT_POLICY, type PlacementPolicy} from '../domain/guest-reach.js'
import type {NodeDemand} from '../domain/placement.js'
import {countFlag} from './flags.js'

/** For whoever puts guests on nodes; see `PlacementPolicy`. */
export const memoryCeilingFlag = {
  'memory-ceiling': countFlag({
    description:
      'How much of the memory of a node its guests may take, by what they are configured with; 90 by default.',
    helpValue: 'PERCENT',
    min: 1,
    max: 1000,
  }),
}

/** What whoever plans moves may do; see `PlacementPolicy`. */
export const placementFlags = {
  ...memoryCeilingFlag,
  'with-local-disks': Flags.boolean({description: 'Copy disks that are on local storage.'}),
}

export interface PlacementFlags {
  readonly 'memory-ceiling'?: number | undefined
  readonly 'with-local-disks'?: boolean | undefined
}

/** What was typed goes before what the context says. */
export function policyOf(
  flags: PlacementFlags,
  {memoryCeiling}: Pick<ContextSettings, 'memoryCeiling'>,
): PlacementPolicy {
  return {
    memoryCeiling: ceilingOf(flags) ?? memoryCeiling ?? PLACEMENT_POLICY.memoryCeiling,
    localDisks: flags['with-local-disks'] ?? PLACEMENT_POLICY.localDisks,
  }
}

/** What holds for guests that are made of others: how full nodes may get, and where free VMIDs are picked from. */
export function newcomerOf(
  flags: PlacementFlags,
  {defaults, memoryCeiling, nodes}: Pick<ContextSettings, 'defaults' | 'memoryCeiling' | 'nodes'>,
): Pick<NodeDemand, 'memoryCeiling' | 'vmidsOn'> {
  const ceiling = ceilingOf(flags) ?? memoryCeiling
  return {
    ...(ceiling !== undefined && {memoryCeiling: ceiling}),
    vmidsOn: (node) => creationOn(node, {asked: {}, defaults, nodeDefaults: nodes}).vmids,
  }
}

/** What was typed, as a share. */
export function ceilingOf({'memory-ceiling': percent}: PlacementFlags): number | undefined {
  return percent === undefined ? undefined : percent / 100
}
