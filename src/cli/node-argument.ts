import {Args} from '@oclif/core'
import {err, ok, okAsync, type ResultAsync} from 'neverthrow'

import {failure, type Failure} from '../domain/failure.js'
import {naturalOrder} from '../domain/natural-order.js'
import type {Wiring} from './services.js'

/** For commands about one node. */
export const nodeArgument = {
  node: Args.string({description: 'Name of the node; can be left out where there is only one.'}),
}

export interface NodeArgument {
  readonly node?: string | undefined
}

/**
 * The node that is named, or the only one there is.
 * @returns `usage` where there are several, and the name is needed
 */
export function nodeOf({node}: NodeArgument): Wiring<ResultAsync<string, Failure>> {
  return ({parts}) =>
    node === undefined
      ? // Whoever may log in may see which nodes there are.
        parts.cluster.resources('node').andThen(({nodes}) => {
          const [only, ...others] = nodes.map((one) => one.node).sort(naturalOrder)
          return only !== undefined && others.length === 0
            ? ok(only)
            : err(failure('usage', 'missing NODE', {hint: `Name one of: ${[only, ...others].join(', ')}`}))
        })
      : okAsync(node)
}
