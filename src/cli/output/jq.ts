import {err, ok, type Result} from 'neverthrow'

import {failure, type Failure} from '../../domain/failure.js'

/**
 * Runs a jq program over a JSON value, with jq itself compiled to WebAssembly. Prints what `jq -r` prints: strings raw, everything else as JSON.
 * @returns the output with its line ends, or a `usage` failure with jq's own message
 */
export async function runJq(value: unknown, program: string): Promise<Result<string, Failure>> {
  const {raw} = await import('jq-wasm')
  const input = JSON.stringify(value)
  const source = program.trim() === '' ? '.' : program
  const run = (text: string): Promise<Result<string, string>> =>
    // The leading blank keeps a program that starts with a dash from being taken for an option.
    raw(input, ` ${text}`, ['-r']).then(
      (output) => ok(output),
      (error: unknown) => err(jqMessage(error)),
    )

  // The library trims what jq prints, and forgets an error once something was printed. Marks around the program's own outputs keep "no output",
  // an empty string and a trailing blank apart, and show whether it came to its end.
  const marked = await run(`"<", (${source}\n), ">"`)
  if (marked.isErr())
    return invalid(
      (await run(source)).match(
        () => marked.error,
        (message) => message,
      ),
    )
  if (marked.value.endsWith('\n>')) return ok(marked.value.slice('<\n'.length, -'>'.length))
  const message = await run(`[(${source}\n)] | empty`)
  return message.isErr() ? invalid(message.error) : ok(`${marked.value.slice('<\n'.length)}\n`)
}

function invalid(message: string): Result<never, Failure> {
  return err(
    failure('usage', `--jq: ${message}`, {
      hint: 'the language is described at https://jqlang.org/manual; --json prints the input',
    }),
  )
}

function jqMessage(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text
    .replace(/^(Failed to execute raw query: )?(jq: )?error( \(at [^)]*\))?: /, '')
    .replace(/\s*\njq: \d+ compile errors?\s*$/, '')
    .replaceAll(/\s*\n\s*/g, ' ')
    .trim()
}
