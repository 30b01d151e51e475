import {Args} from '@oclif/core'

/** For commands about one node. */
export const nodeArgument = {node: Args.string({description: 'Name of the node.', required: true})}

export interface NodeArgument {
  readonly node: string
}
