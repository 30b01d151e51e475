import {fieldAt, type Column} from './columns.js'

/** Rows as RFC 4180 CSV: raw values, CRLF line ends, quotes where needed. A missing value is an empty field, a list is joined by `;`. */
export function renderCsv<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  options: {header: boolean},
): string {
  const head = options.header ? [columns.map((column) => column.key)] : []
  const body = rows.map((row) => columns.map((column) => csvText(fieldAt(row, column.key))))
  return [...head, ...body].map((line) => `${line.map((field) => quote(field)).join(',')}\r\n`).join('')
}

function csvText(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object')) return value.join(';')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function quote(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field
}
