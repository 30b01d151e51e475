import {naturalOrder} from './natural-order.js'

/** Options of a storage's own type: `path`, `vgname`, `server`, … */
export type StorageOptions = Readonly<Record<string, number | string>>

/** A storage as the cluster's configuration defines it, whatever its nodes make of it. */
export interface StorageDefinition {
  readonly storage: string
  readonly type: string
  /** What may lie there: `images`, `rootdir`, `iso`, `vztmpl`, `backup`, `snippets`, `import`. */
  readonly content: readonly string[]
  /** All its nodes see the same. */
  readonly shared: boolean
  readonly enabled: boolean
  /** The only nodes it is for; absent: for all. */
  readonly nodes?: readonly string[]
  readonly options: StorageOptions
  /** SHA-1 of the whole configuration of storages. */
  readonly digest?: string
}

/** The nodes of a cluster that a storage is for, in natural order. */
export function nodesOf({nodes}: Pick<StorageDefinition, 'nodes'>, members: readonly string[]): string[] {
  return [...(nodes ?? members)].sort(naturalOrder)
}
