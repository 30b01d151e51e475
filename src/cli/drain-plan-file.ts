import path from 'node:path'
import {err, ok, type Result} from 'neverthrow'

import * as files from '../config/drain-journals.js'
import {failure, type Failure} from '../domain/failure.js'
import type {SavedDrainPlan} from '../domain/drain-plan.js'
import type {Runtime} from './runtime.js'

export function readDrainPlan(runtime: Runtime, file: string): Result<SavedDrainPlan, Failure> {
  return files
    .readDrainPlan(path.resolve(runtime.cwd, file))
    .mapErr((failed) =>
      failed.kind === 'unexpected'
        ? failure('usage', failed.message, {hint: 'Give the path of a file that --dry-run --plan FILE has made'})
        : failed,
    )
    .andThen((plan) =>
      plan === undefined
        ? err(failure('not-found', `there is no plan "${file}"`, {hint: 'Make one with: --dry-run --plan FILE'}))
        : ok(plan),
    )
}

export function writeDrainPlan(
  runtime: Runtime,
  file: string,
  plan: SavedDrainPlan,
  unique: string,
): Result<void, Failure> {
  return files.writeDrainPlan(path.resolve(runtime.cwd, file), plan, unique)
}
