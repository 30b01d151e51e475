import type {Runtime} from '../runtime.js'

const BLOCKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
const LETTERS = ['_', '.', ',', '-', '=', '+', '*', '#']

export interface SparklineOptions {
  /** Terminal cells; fewer values take fewer cells. */
  readonly width: number
  /** The value of a full cell; by default the greatest there is. */
  readonly max?: number
  /** Without characters beyond ASCII. */
  readonly ascii: boolean
}

/** Values over time as a line of bars, oldest first. Where nothing was measured (undefined) the line has a gap, which is not the bar of a zero. */
export function sparkline(values: readonly (number | undefined)[], {ascii, max, width}: SparklineOptions): string {
  const cells = resample(values, width)
  const top = max ?? Math.max(0, ...cells.filter((value) => value !== undefined))
  const bars = ascii ? LETTERS : BLOCKS
  return cells.map((value) => (value === undefined ? ' ' : bars[levelOf(value, top, bars.length)])).join('')
}

/** As many values as there are cells, at most: the mean of what was measured in each cell's time, undefined where nothing was. */
export function resample(values: readonly (number | undefined)[], width: number): (number | undefined)[] {
  if (values.length <= width) return [...values]
  return Array.from({length: Math.max(0, Math.floor(width))}, (_, cell) => {
    const from = Math.floor((cell * values.length) / width)
    const to = Math.floor(((cell + 1) * values.length) / width)
    const measured = values.slice(from, to).filter((value) => value !== undefined)
    return measured.length === 0 ? undefined : measured.reduce((sum, value) => sum + value, 0) / measured.length
  })
}

/** Whether a terminal cannot be trusted with block characters: a dumb one, or a locale that is not UTF-8. */
export function isAsciiOnly(env: Runtime['env']): boolean {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => value !== undefined && value !== '')
  return env['TERM'] === 'dumb' || !/utf-?8/i.test(locale ?? '')
}

function levelOf(value: number, top: number, levels: number): number {
  if (top <= 0 || value <= 0) return 0
  return Math.min(levels - 1, Math.max(0, Math.ceil((value / top) * levels) - 1))
}
