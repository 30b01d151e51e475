import fs from 'node:fs'
import path from 'node:path'
import type {ResultAsync} from 'neverthrow'
import {err, errAsync, ok, type Result} from 'neverthrow'
import {type Document, parseDocument} from 'yaml'

import {failure, type Failure} from '../domain/failure.js'
import {parseText} from './parse-text.js'
import {configurationFailure} from './problem.js'
import {guardFile} from './file-guard.js'
import type {Surroundings} from './locations.js'
import {withFileLock} from './file-lock.js'
import {replaceFile} from './replace-file.js'

/** Changes the document in place; an err leaves the file as it is. */
export type Edit = (document: Document) => Result<void, Failure>

/**
 * Changes a configuration file and keeps its comments and order. One writer at a time; the file is replaced as a whole, 0600, so that a reader sees the
 * old text or the new one. What would not be valid is not written. Creates the file and its folder (0700) when they are missing.
 */
export function editConfiguration(file: string, surroundings: Surroundings, edit: Edit): ResultAsync<void, Failure> {
  // Dotfile managers keep the real file elsewhere; the link must survive.
  const target = fs.existsSync(file) ? fs.realpathSync(file) : file
  try {
    fs.mkdirSync(path.dirname(target), {mode: 0o700, recursive: true})
  } catch (error) {
    return errAsync(unwritable(target, error))
  }

  return withFileLock(`${target}.lock`, () => Promise.resolve(rewrite(target, surroundings, edit)))
}

function rewrite(target: string, surroundings: Surroundings, edit: Edit): Result<void, Failure> {
  try {
    const stats = fs.statSync(target, {throwIfNoEntry: false})
    const guarded = stats === undefined ? [] : guardFile(target, stats, surroundings.uid)
    if (guarded.length > 0) return err(configurationFailure(guarded))
    const before = stats === undefined ? '' : fs.readFileSync(target, 'utf8')
    const document = parseDocument(before)
    const folders = {file: target, home: surroundings.home}
    if (document.errors.length > 0)
      return parseText(before, folders)
        .map(() => undefined)
        .mapErr(configurationFailure)
    const edited = edit(document)
    if (edited.isErr()) return err(edited.error)
    const after = document.toString({flowCollectionPadding: false, lineWidth: 0})
    const checked = parseText(after, folders)
    if (checked.isErr()) return err(configurationFailure(checked.error))
    if (after !== before) replaceFile(target, after, surroundings.unique())
    return ok()
  } catch (error) {
    return err(unwritable(target, error))
  }
}

function unwritable(file: string, error: unknown): Failure {
  const reason = (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.message : String(error))
  return failure('config-invalid', `${file} cannot be changed (${reason})`, {
    hint: `look at it: ls -ld ${path.dirname(file)} ${file}`,
  })
}
