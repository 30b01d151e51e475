import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import {err, ok, ResultAsync, type Result} from 'neverthrow'
import {splitCommand} from '../config/split-command.js'
import {failure, type Failure} from '../domain/failure.js'
import type {Runtime} from './runtime.js'

/** What came of an editor. The file stays until `discard`, so that nothing a person has written is lost when what follows fails. */
export interface EditedText {
  readonly text: string
  readonly file: string
  discard(): Promise<void>
}

/**
 * Lets a person change a text with `$VISUAL`, `$EDITOR` or vi, in a file that nobody else may read.
 * @param fileName its extension tells editors what it is
 * @returns `refused` when the editor ended with an error, `usage` when there is none; the file is gone then
 */
export function editText(text: string, fileName: string, runtime: Runtime): ResultAsync<EditedText, Failure> {
  return new ResultAsync(edit(text, fileName, runtime))
}

async function edit(text: string, fileName: string, runtime: Runtime): Promise<Result<EditedText, Failure>> {
  const {VISUAL, EDITOR} = runtime.env
  const command = VISUAL?.trim() || EDITOR?.trim()
  if (!command && !(runtime.stdin.isTTY && runtime.stderr.isTTY)) {
    return err(
      failure('usage', 'there is no terminal to edit at', {
        hint: 'Set EDITOR to a program that changes the file, or use config set',
      }),
    )
  }

  const [program, ...args] = splitCommand(command || 'vi') ?? []
  if (program === undefined) return err(failure('usage', `the editor "${command}" has a quote without an end`))
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'homelab-'))
  const file = path.join(folder, fileName)
  const discard = () => fs.rm(folder, {recursive: true, force: true})
  await fs.writeFile(file, text, {mode: 0o600})
  const ended = await run(program, [...args, file], runtime)
  if (ended !== 0) {
    await discard()
    return err(
      typeof ended === 'number'
        ? failure('refused', `the editor ${program} ended with exit code ${ended}; nothing was changed`)
        : failure('usage', `the editor ${program} ${ended}`, {hint: 'Set EDITOR to one that is installed'}),
    )
  }

  return ok({text: await fs.readFile(file, 'utf8'), file, discard})
}

/** The exit code, or why there is none. stdout is data: an editor draws on stderr where stdout goes elsewhere. */
async function run(program: string, args: readonly string[], runtime: Runtime): Promise<number | string> {
  const {spawn} = await import('node:child_process')
  return new Promise((resolve) => {
    spawn(program, args, {
      env: {...runtime.env},
      stdio: ['inherit', runtime.stdout.isTTY ? 'inherit' : 2, 'inherit'],
    })
      .on('error', (error: NodeJS.ErrnoException) =>
        resolve(error.code === 'ENOENT' ? 'does not exist' : `cannot be started (${error.code ?? error.name})`),
      )
      .on('close', (code, signal) => resolve(code ?? `was ended by ${signal ?? 'a signal'}`))
  })
}
