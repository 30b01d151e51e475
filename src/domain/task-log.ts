/** A line of a task's log that says something. */
export interface LogLine {
  /** From 1 on, as Proxmox VE counts. */
  readonly line: number
  readonly text: string
  readonly level: 'error' | 'info' | 'warning'
  /** How often it comes, when more than once; this is the first. */
  readonly times?: number
}

/** How many are told at most; the first and the last ones tell most. */
const MOST = 20
/** Lines before the last one that are told where nothing else says what happened. */
const CONTEXT = 3

const ERROR =
  /\berror\b|\bfailed\b|\bfailure\b|\babort(?:ed|ing)?\b|\bcan(?:'t|not)\b|unable to |could not |does not exist|denied|no space left|input\/output|got timeout|not found|\bkvm: |\bqemu\S*: |corrupt|mismatch/i
const WARNING = /\bwarn(?:ing)?s?\b/i
/** What looks like an error and is only a heading, a summary or a step of the clean-up. */
const NOISE =
  /^TASK (?:OK|WARNINGS: \d+)$|^INFO: (?:Failed at |Backup job finished with errors)|aborting phase \d+ - |^INFO: (?:include|exclude) |error_policy|werror|rerror|on_error/i

/**
 * The lines of a log that matter: errors and warnings without progress and headings, each once. A failed task whose log has nothing of the kind but its last line gets
 * what stands before that, and one that died without a last line, where it stopped.
 * @param failed whether the task failed
 */
export function linesThatMatter(log: readonly string[], failed: boolean): LogLine[] {
  const found = new Map<string, LogLine>()
  for (const [index, text] of log.entries()) {
    const level = levelOf(text)
    if (level === undefined) continue
    const key = text.replaceAll(/\d+/g, '#')
    const known = found.get(key)
    if (known === undefined) found.set(key, {line: index + 1, text, level})
    else found.set(key, {...known, times: (known.times ?? 1) + 1})
  }

  const lines = [...found.values()]
  const said = lines.some(({text, level}) => level === 'error' && !text.startsWith('TASK ERROR: '))
  return shortened(failed && !said ? withContext(log, lines) : lines)
}

function levelOf(text: string): LogLine['level'] | undefined {
  if (NOISE.test(text)) return undefined
  if (text.startsWith('TASK ERROR: ')) return 'error'
  if (/^WARN(?:ING)?: /i.test(text)) return 'warning'
  if (ERROR.test(text)) return 'error'
  return WARNING.test(text) ? 'warning' : undefined
}

function withContext(log: readonly string[], lines: readonly LogLine[]): LogLine[] {
  const end = log.at(-1)?.startsWith('TASK ') === true ? log.length - 1 : log.length
  const before = log
    .map((text, index): LogLine => ({line: index + 1, text, level: 'info'}))
    .slice(Math.max(0, end - CONTEXT), end)
    .filter(({line, text}) => text.trim() !== '' && lines.every((known) => known.line !== line))
  return [...lines, ...before].sort((a, b) => a.line - b.line)
}

function shortened(lines: readonly LogLine[]): LogLine[] {
  return lines.length <= MOST ? [...lines] : [...lines.slice(0, MOST / 2), ...lines.slice(-MOST / 2)]
}

/** Whose line it is, in a log about several guests: `ERROR: Backup of VM 100 failed - …`. */
export function guestOfLine(text: string): number | undefined {
  const match = /\b(?:VM|CT) (\d{3,9})\b/.exec(text)
  return match === null ? undefined : Number(match[1])
}
