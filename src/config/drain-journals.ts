import {createHash} from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import {err, ok, type Result} from 'neverthrow'
import * as z from 'zod/mini'

import type {DrainJournal} from '../domain/drain-journal.js'
import {failure, type Failure} from '../domain/failure.js'
import {stateFolder, type Surroundings} from './locations.js'
import {replaceFile} from './replace-file.js'

const who = {
  vmid: z.int(),
  name: z.optional(z.string()),
  type: z.enum(['lxc', 'qemu']),
}
const move = {
  ...who,
  to: z.string(),
  manner: z.enum(['offline', 'online', 'restart']),
  memoryBytes: z.number(),
  copies: z.optional(z.literal(true)),
  with: z.optional(z.array(z.int())),
}
const state = z.enum(['begun', 'done', 'planned', 'returning'])
const journal = z.object({
  version: z.literal(1),
  node: z.string(),
  run: z.string(),
  begunAt: z.string(),
  phase: z.enum(['drained', 'draining', 'returning']),
  blocked: z.enum(['fail', 'leave', 'shutdown']),
  withStopped: z.optional(z.literal(true)),
  left: z.optional(z.array(z.int())),
  memoryBytes: z.optional(z.number()),
  steps: z.array(
    z.discriminatedUnion('action', [
      z.object({...move, action: z.literal('move'), state}),
      z.object({...who, action: z.literal('shutdown'), state}),
    ]),
  ),
})
const plan = z.object({
  node: z.string(),
  moves: z.array(z.object({...move, from: z.string()})),
  shutdowns: z.array(z.object(who)),
})

/** A plan of a drain as a file holds it. */
export interface DrainPlanFile {
  readonly node: string
  readonly moves: readonly (DrainMoveRow & {readonly from: string})[]
  readonly shutdowns: readonly DrainGuestRow[]
}

interface DrainGuestRow {
  readonly vmid: number
  readonly name?: string
  readonly type: 'lxc' | 'qemu'
}

interface DrainMoveRow extends DrainGuestRow {
  readonly to: string
  readonly manner: 'offline' | 'online' | 'restart'
  readonly memoryBytes: number
  readonly copies?: true
  readonly with?: readonly number[]
}

/** The journal of one node of one context, a file of the state folder. */
export class DrainJournalFile {
  readonly #file: string
  readonly #unique: () => string

  constructor(surroundings: Surroundings, context: string, node: string) {
    // Names of contexts may hold what names of files may not.
    const key = createHash('sha256').update(`${context}\n${node}`).digest('hex').slice(0, 12)
    const name = node.replace(/[^\w.-]/g, '_')
    this.#file = path.join(stateFolder(surroundings), 'drains', `${name}-${key}.json`)
    this.#unique = () => surroundings.unique()
  }

  get path(): string {
    return this.#file
  }

  /** @returns `config-invalid` for a file that is no journal: what it knew has to be looked at by somebody */
  read(): Result<DrainJournal | undefined, Failure> {
    return readChecked(this.#file, journal) as Result<DrainJournal | undefined, Failure>
  }

  write(next: DrainJournal): Result<void, Failure> {
    return writing(this.#file, () => {
      fs.mkdirSync(path.dirname(this.#file), {mode: 0o700, recursive: true})
      replaceFile(this.#file, `${JSON.stringify(next, undefined, 2)}\n`, this.#unique())
    })
  }

  remove(): Result<void, Failure> {
    return writing(this.#file, () => fs.rmSync(this.#file, {force: true}))
  }
}

/** Undefined where there is no such file. */
export function readDrainPlan(file: string): Result<DrainPlanFile | undefined, Failure> {
  return readChecked(file, plan) as Result<DrainPlanFile | undefined, Failure>
}

export function writeDrainPlan(file: string, saved: DrainPlanFile, unique: string): Result<void, Failure> {
  const checked = plan.parse(saved)
  return writing(file, () => replaceFile(file, `${JSON.stringify(checked, undefined, 2)}\n`, unique))
}

function readChecked<T>(file: string, schema: z.ZodMiniType<T>): Result<T | undefined, Failure> {
  let text: string
  try {
    text = fs.readFileSync(file, 'utf8')
  } catch (error) {
    const {code = 'unknown error'} = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? ok(undefined) : err(failure('unexpected', `${file} cannot be read (${code})`))
  }

  const checked = schema.safeParse(jsonOf(text))
  if (checked.success) return ok(checked.data)
  const [issue] = checked.error.issues
  const place = (issue?.path ?? []).join('.')
  return err(
    failure('config-invalid', `${file} is not what it should be${place === '' ? '' : `, at ${place}`}`, {
      hint: 'Look at it; it was written by another version, or by hand',
      details: {file},
    }),
  )
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function writing(file: string, write: () => void): Result<void, Failure> {
  try {
    return ok(write())
  } catch (error) {
    const {code = 'unknown error'} = error as NodeJS.ErrnoException
    return err(failure('unexpected', `${file} cannot be written (${code})`, {hint: 'Check the folder and its rights'}))
  }
}
