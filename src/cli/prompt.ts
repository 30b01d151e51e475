import {err, ok, ResultAsync, type Result} from 'neverthrow'

import {failure, type Failure} from '../domain/failure.js'
import {Secret} from '../domain/secret.js'
import type {Runtime} from './runtime.js'

export interface PromptOptions {
  readonly noInput: boolean
  readonly signal: AbortSignal
}

/** Questions to the person at the terminal. `flag` is what answers them without one: `--yes`, `--fingerprint`. */
export interface Prompt {
  /** Whether anyone can be asked. */
  readonly possible: boolean
  confirm(question: string, flag: string): ResultAsync<boolean, Failure>
  /** Asks to type a name, for what cannot be undone. False when something else was typed. */
  confirmName(question: string, name: string, flag: string): ResultAsync<boolean, Failure>
  text(question: string, flag: string): ResultAsync<string, Failure>
  /** Shows no character of the answer. */
  secret(question: string, flag: string): ResultAsync<Secret, Failure>
}

/** The questions go to stderr: stdout is data. */
export function createPrompt(runtime: Runtime, options: PromptOptions): Prompt {
  const possible = !options.noInput && runtime.stdin.isTTY && runtime.stderr.isTTY
  const context = {signal: options.signal, output: process.stderr, input: process.stdin}

  const ask = <T>(
    question: string,
    flag: string,
    put: (prompts: typeof import('@inquirer/prompts')) => Promise<T>,
  ): ResultAsync<T, Failure> =>
    new ResultAsync(
      possible
        ? import('@inquirer/prompts').then(put).then(
            (answer): Result<T, Failure> => ok(answer),
            (error: unknown) => err(unanswered(error)),
          )
        : Promise.resolve(err(cannotAsk(question, flag, options.noInput))),
    )

  return {
    possible,
    confirm: (question, flag) =>
      ask(question, flag, ({confirm}) => confirm({message: question, default: false}, context)),
    confirmName: (question, name, flag) =>
      ask(question, flag, ({input}) => input({message: `${question} Type ${name} to go on:`}, context)).map(
        (answer) => answer.trim() === name,
      ),
    text: (question, flag) => ask(question, flag, ({input}) => input({message: question}, context)),
    secret: (question, flag) =>
      ask(question, flag, ({password}) => password({message: question, mask: false}, context)).map(
        (answer) => new Secret(answer),
      ),
  }
}

function cannotAsk(question: string, flag: string, noInput: boolean): Failure {
  const why = noInput ? '--no-input forbids to ask' : 'there is no terminal to ask at'
  return failure('usage', `an answer is missing, and ${why}: ${question}`, {hint: `answer with ${flag}`})
}

function unanswered(error: unknown): Failure {
  const name = error instanceof Error ? error.name : ''
  if (name === 'ExitPromptError' || name === 'AbortPromptError')
    return failure('interrupted', 'interrupted at a question')
  return failure('unexpected', `the question failed: ${error instanceof Error ? error.message : String(error)}`)
}
