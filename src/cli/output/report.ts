import {exitCodeOf, type Failure} from '../../domain/failure.js'
import {wantsColor, type Runtime} from '../runtime.js'
import {printable} from './text-width.js'

/** The JSON document of a failure; absent facts stay absent. */
export function failureDocument(failed: Failure): {error: Record<string, unknown>} {
  const {details, hint, kind, message, taskLog, upid} = failed
  return {
    error: {
      code: kind,
      message,
      ...(hint === undefined ? {} : {hint}),
      exitCode: exitCodeOf(failed),
      ...(upid === undefined ? {} : {upid}),
      ...(taskLog === undefined ? {} : {taskLog}),
      ...(details === undefined ? {} : {details}),
    },
  }
}

/** Prints a failure: one JSON document on stdout, or `error:` and `hint:` on stderr with the task and its log between them. */
export async function reportFailure(failed: Failure, runtime: Runtime, json: boolean): Promise<void> {
  if (json) {
    runtime.stdout.write(`${JSON.stringify(failureDocument(failed), null, 2)}\n`)
    return
  }

  const {bold, dim, red} = await colors(runtime)
  // Texts that came from a server must not move the cursor.
  const [first = '', ...more] = failed.message
    .trim()
    .split(/\s*\n\s*/)
    .map((line) => printable(line))
  const lines = [`${bold(red('error:'))} ${first}`, ...more.map((line) => `  ${line}`)]
  if (failed.upid !== undefined) lines.push(`${dim('task:')} ${failed.upid}`)
  for (const line of failed.taskLog ?? []) lines.push(dim(`  ${printable(line)}`))
  if (failed.hint !== undefined) lines.push(`${bold('hint:')} ${oneLine(failed.hint)}`)
  runtime.stderr.write(`${lines.join('\n')}\n`)
}

/** A line on stderr with a marked first word, such as `warning: …`. */
export async function reportLine(word: 'warning', text: string, runtime: Runtime): Promise<void> {
  const {bold, yellow} = await colors(runtime)
  runtime.stderr.write(`${bold(yellow(`${word}:`))} ${text}\n`)
}

type Paint = (text: string) => string

/** chalk is loaded only when there is something to colour. */
async function colors(runtime: Runtime): Promise<{bold: Paint; dim: Paint; red: Paint; yellow: Paint}> {
  if (wantsColor(runtime.stderr, runtime.env)) {
    const {Chalk} = await import('chalk')
    return new Chalk({level: 1})
  }

  const plain: Paint = (text) => text
  return {bold: plain, dim: plain, red: plain, yellow: plain}
}

function oneLine(text: string): string {
  return printable(text.trim().replaceAll(/\s*\n\s*/g, ' '))
}
