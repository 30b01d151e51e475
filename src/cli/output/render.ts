import {err, ok, type Result} from 'neverthrow'

import type {Failure} from '../../domain/failure.js'
import {fieldAt, selectColumns, sortRows, type Column} from './columns.js'
import {renderCsv} from './csv.js'
import type {OutputFormat} from './format.js'
import {renderFields, renderTable} from './table.js'
import type {View} from './view.js'

export interface RenderOptions {
  readonly format: OutputFormat
  readonly jq?: string
  readonly columns?: readonly string[]
  readonly sort?: string
  readonly header: boolean
  /** Width of the terminal stdout goes to; absent when it goes elsewhere. */
  readonly terminalWidth?: number
}

/**
 * A command's result as the text for stdout.
 * @returns the text, or a usage failure for an unknown column or a bad jq program
 */
export async function render<Row>(
  value: object,
  view: View<Row>,
  options: RenderOptions,
): Promise<Result<string, Failure>> {
  const rows = (view.rows ?? (Array.isArray(value) ? value : [value])) as readonly Row[]
  const columns = view.columns ?? columnsOf(rows)
  // Checked for every format, so that a script learns of a wrong name also when it prints JSON.
  const selected = selectColumns(columns, options.columns)
  if (selected.isErr()) return err(selected.error)
  const sorted = sortRows(rows, columns, options.sort)
  if (sorted.isErr()) return err(sorted.error)
  const result = rows === value ? sorted.value : value

  if (options.jq !== undefined) {
    const {runJq} = await import('./jq.js')
    return runJq(result, options.jq)
  }

  switch (options.format) {
    case 'json': {
      return ok(`${JSON.stringify(result, null, 2)}\n`)
    }

    case 'yaml': {
      const {stringify} = await import('yaml')
      return ok(stringify(result, {aliasDuplicateObjects: false, lineWidth: 0}))
    }

    case 'csv': {
      // Without a choice every field there is: a script picks by name, it does not look.
      return ok(renderCsv(sorted.value, options.columns ? selected.value : columns, options))
    }

    case 'name': {
      return ok(sorted.value.map((row) => `${nameOf(row, view.nameKey)}\n`).join(''))
    }

    case 'table': {
      if (view.text !== undefined)
        return ok(view.text === '' || view.text.endsWith('\n') ? view.text : `${view.text}\n`)
      const isList = view.rows !== undefined || Array.isArray(value)
      if (!isList) return ok(renderFields(rows[0] as Row, selected.value))
      return ok(
        renderTable(sorted.value, selected.value, {
          header: options.header,
          ...(options.terminalWidth === undefined ? {} : {maxWidth: options.terminalWidth}),
        }),
      )
    }
  }
}

/** What `-o name` prints of a row: what another command takes as its argument. */
function nameOf(row: unknown, nameKey?: string): string {
  if (typeof row !== 'object' || row === null) return String(row)
  for (const key of [...(nameKey === undefined ? [] : [nameKey]), 'name', 'vmid', 'upid', 'id', 'target', 'url']) {
    const value = fieldAt(row, key)
    if (value !== undefined) return String(value)
  }

  return String(Object.values(row)[0] ?? '')
}

/** Columns for rows nobody described: their own fields, one level of nesting taken apart. */
function columnsOf<Row>(rows: readonly Row[]): Column<Row>[] {
  const keys = new Set<string>()
  for (const row of rows) {
    // Proxmox VE answers many a write with null.
    for (const [key, value] of Object.entries(row ?? {})) {
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        for (const inner of Object.keys(value as object)) keys.add(`${key}.${inner}`)
      } else keys.add(key)
    }
  }

  return [...keys].map((key) => ({key, ...(key.includes('.') ? {header: key.replaceAll('.', ' ')} : {})}))
}
