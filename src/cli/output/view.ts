import type {Column} from './columns.js'

/**
 * How people see a command's result. The JSON needs no description: it is what `run()` returns.
 */
export interface View<Row = never> {
  /** The rows of the table, where they are not the result itself (`{"results": […]}`). */
  readonly rows?: readonly Row[]
  readonly columns?: readonly Column<Row>[]
  /** The field that `-o name` prints, where it is not the name or VMID. */
  readonly nameKey?: string
  /** Said on stderr when a list is empty: `no VMs found`. */
  readonly empty?: string
  /** The whole human output, instead of a table. Empty: print nothing. */
  readonly text?: string
}
