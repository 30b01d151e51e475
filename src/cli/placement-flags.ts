import {Flags} from '@oclif/core'
import {PLACEMENT_POLICY, type PlacementPolicy} from '../domain/guest-reach.js'
import {countFlag} from './flags.js'

/** What whoever plans moves may do; see `PlacementPolicy`. */
export const placementFlags = {
  'memory-ceiling': countFlag({
    description: 'How much of the memory of a node its guests may take, by what they are configured with.',
    default: PLACEMENT_POLICY.memoryCeiling * 100,
    helpValue: 'PERCENT',
    min: 1,
    max: 100,
  }),
  'with-local-disks': Flags.boolean({description: 'Copy disks that are on local storage.'}),
}

export function policyOf(flags: {
  readonly 'memory-ceiling': number
  readonly 'with-local-disks': boolean
}): PlacementPolicy {
  return {memoryCeiling: flags['memory-ceiling'] / 100, localDisks: flags['with-local-disks']}
}
