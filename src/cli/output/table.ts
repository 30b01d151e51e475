import {fieldAt, headerOf, type Column} from './columns.js'
import {printable, textWidth, truncate} from './text-width.js'

export interface TableOptions {
  readonly header: boolean
  /** Cut cells so that a line fits into this many terminal cells; absent: never cut. */
  readonly maxWidth?: number
}

const GAP = '  '
const NARROWEST = 6
const ACRONYMS: ReadonlySet<string> = new Set(['UPID', 'VMID'])

/** Rows as aligned text columns, one line each, every line ended. Nothing at all for no rows. */
export function renderTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[], options: TableOptions): string {
  if (rows.length === 0 || columns.length === 0) return ''
  const head = options.header ? [columns.map((column) => headerOf(column))] : []
  const lines = [...head, ...rows.map((row) => columns.map((column) => cellText(row, column)))]
  const right = columns.map((column) => (column.align ?? guessAlign(rows, column)) === 'right')
  const widths = fit(
    columns.map((column, i) => ({
      width: lines.reduce((widest, line) => Math.max(widest, textWidth(line[i] ?? '')), 0),
      // Half a figure says something else.
      whole: column.whole === true || right[i] === true,
    })),
    options.maxWidth,
  )
  return lines.map((line) => `${renderLine(line, widths, right)}\n`).join('')
}

/** One thing as lines of `label  value`; fields without a value are left out. */
export function renderFields<Row>(row: Row, columns: readonly Column<Row>[]): string {
  const present = columns.filter((column) => fieldAt(row, column.key) !== undefined)
  const labels = present.map((column) => sentenceCase(headerOf(column)))
  const width = labels.reduce((widest, label) => Math.max(widest, textWidth(label)), 0)
  return present.map((column, i) => `${pad(labels[i] ?? '', width, false)}${GAP}${cellText(row, column)}\n`).join('')
}

/** What a table shows of a field. */
export function cellText<Row>(row: Row, column: Column<Row>): string {
  const value = fieldAt(row, column.key)
  if (value === undefined || value === null) return '-'
  return printable(column.format ? column.format(value, row) : plainText(value))
}

function plainText(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map((item) => plainText(item)).join(',')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function guessAlign<Row>(rows: readonly Row[], column: Column<Row>): 'left' | 'right' {
  const values = rows.map((row) => fieldAt(row, column.key)).filter((value) => value !== undefined)
  return values.length > 0 && values.every((value) => typeof value === 'number') ? 'right' : 'left'
}

function renderLine(cells: readonly string[], widths: readonly number[], right: readonly boolean[]): string {
  return cells
    .map((cell, i) => {
      const width = widths[i] ?? 0
      return pad(truncate(cell, width), width, right[i] ?? false)
    })
    .join(GAP)
    .trimEnd()
}

function pad(text: string, width: number, right: boolean): string {
  const fill = ' '.repeat(Math.max(0, width - textWidth(text)))
  return right ? fill + text : text + fill
}

/** Takes cells away from the widest column that may be cut, one by one, until the line fits; from none where that is not enough. */
function fit(
  columns: readonly {readonly width: number; readonly whole: boolean}[],
  maxWidth: number | undefined,
): readonly number[] {
  const widths = columns.map(({width}) => width)
  if (maxWidth === undefined) return widths
  const fitted = [...widths]
  let excess = fitted.reduce((sum, width) => sum + width, 0) + GAP.length * (fitted.length - 1) - maxWidth
  while (excess > 0) {
    const widest = Math.max(...columns.map(({whole}, i) => (whole ? 0 : (fitted[i] ?? 0))))
    if (widest <= NARROWEST) return widths
    fitted[columns.findIndex(({whole}, i) => !whole && fitted[i] === widest)] = widest - 1
    excess -= 1
  }

  return fitted
}

function sentenceCase(header: string): string {
  if (header !== header.toUpperCase()) return header
  return header.length <= 3 || ACRONYMS.has(header) ? header : header[0] + header.slice(1).toLowerCase()
}
