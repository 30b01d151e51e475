import {err, ok, type Result} from 'neverthrow'

import {failure, type Failure} from '../../domain/failure.js'
import {naturalOrder} from '../../domain/natural-order.js'
import {closest} from '../../domain/suggest.js'

/** One column of a list, named after the JSON field it shows. */
export interface Column<Row> {
  /** Path of the field in the JSON: `name`, `placement.node`. */
  readonly key: string
  /** Heading in tables; by default made from the last part of the key. */
  readonly header?: string
  /** How people read the value. Tables only: csv keeps the raw one. */
  readonly format?: (value: unknown, row: Row) => string
  /** False for a column that shows only when `--columns` asks for it. */
  readonly default?: boolean
  readonly align?: 'left' | 'right'
  /** Never cut to the width of the terminal: another command takes it as its argument. */
  readonly whole?: boolean
}

/** The value at a path such as `placement.node`; undefined when any part is missing. */
export function fieldAt(row: unknown, path: string): unknown {
  let value = row
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Record<string, unknown>)[part]
  }

  return value
}

/** `memoryBytes` -> `MEMORY BYTES`, `placement.node` -> `NODE`. */
export function headerOf<Row>(column: Column<Row>): string {
  if (column.header !== undefined) return column.header
  const last = column.key.slice(column.key.lastIndexOf('.') + 1)
  return last.replaceAll(/([a-z\d])([A-Z])/g, '$1 $2').toUpperCase()
}

/** The columns `--columns a,b` names, in that order; the default ones without it. */
export function selectColumns<Row>(
  columns: readonly Column<Row>[],
  names: readonly string[] | undefined,
): Result<readonly Column<Row>[], Failure> {
  if (names === undefined) return ok(columns.filter((column) => column.default !== false))
  const selected: Column<Row>[] = []
  for (const name of names) {
    const column = findColumn(columns, name)
    if (!column) return err(unknownColumn('--columns', name, columns))
    selected.push(column)
  }

  return ok(selected)
}

/** Rows in the order `--sort key[:desc]` asks for, as a copy; rows that compare equal keep their order. */
export function sortRows<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  sort: string | undefined,
): Result<readonly Row[], Failure> {
  if (sort === undefined) return ok(rows)
  const [name = '', direction = 'asc', ...rest] = sort.split(':')
  const column = findColumn(columns, name)
  if (!column) return err(unknownColumn('--sort', name, columns))
  if (rest.length > 0 || (direction !== 'asc' && direction !== 'desc')) {
    return err(
      failure('usage', `--sort "${sort}" has no known direction`, {
        hint: `write --sort ${name} or --sort ${name}:desc`,
      }),
    )
  }

  const sign = direction === 'desc' ? -1 : 1
  return ok(
    [...rows].sort((a, b) => {
      const left = fieldAt(a, column.key)
      const right = fieldAt(b, column.key)
      // What is missing stays last in both directions.
      const order = naturalOrder(left, right)
      return left === undefined || right === undefined ? order : sign * order
    }),
  )
}

function findColumn<Row>(columns: readonly Column<Row>[], name: string): Column<Row> | undefined {
  return (
    columns.find((column) => column.key === name) ??
    columns.find((column) => column.key.toLowerCase() === name.toLowerCase())
  )
}

function unknownColumn<Row>(flag: string, name: string, columns: readonly Column<Row>[]): Failure {
  const keys = columns.map((column) => column.key)
  const near = closest(name, keys)
  const known = `the fields are ${keys.join(', ')}`
  return failure('usage', `${flag} names an unknown field "${name}"`, {
    hint: near ? `did you mean ${near}? ${known}` : known,
    details: {flag: flag.slice(2), value: name, known: keys},
  })
}
