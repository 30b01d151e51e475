import {err, errAsync, ok, okAsync, type Result, type ResultAsync} from 'neverthrow'
import type * as z from 'zod/mini'
import type {MachineClass} from '../config/configuration.js'
import type {Surroundings} from '../config/locations.js'
import {failure, type Failure} from '../domain/failure.js'
import {parsePublicKeys} from '../domain/ssh-key.js'
import type {AccessInput} from './access-flags.js'
import type {GuestAsk} from './guest-create-ask.js'
import {readGuestSpec} from './guest-spec-file.js'
import {machineClassNamed} from './machine-class.js'

/** Where a command reads from. */
export interface GuestCreateInput extends AccessInput {
  readonly surroundings: Surroundings
}

/** What is to be made, and how many; without a count one, called as it is. */
export interface GuestCreateWish<R> {
  readonly request: R
  readonly count?: number
}

/** How what was typed becomes one with what a file says. */
export interface AskReader<A> {
  readonly typed: A
  readonly schema: z.ZodMiniType<A>
  readonly merge: (typed: A, file: A) => A
  readonly flags: {
    readonly file?: string | undefined
    readonly wait?: boolean
    readonly 'password-stdin': boolean
    readonly 'ssh-key'?: string[] | undefined
  }
}

interface ReadAsk<A> {
  readonly ask: A
  readonly machineClass?: MachineClass
}

/** Reads the file and the machine class that are named. */
export function readAsk<A extends GuestAsk>(
  {flags, merge, schema, typed}: AskReader<A>,
  {runtime, surroundings}: GuestCreateInput,
): ResultAsync<ReadAsk<A>, Failure> {
  if (flags.file === '-' && (flags['password-stdin'] || (flags['ssh-key'] ?? []).includes('-'))) {
    return errAsync(
      failure('usage', 'stdin can be read for one thing only', {
        hint: 'Put the description into a file: -f FILE',
        details: {field: '--file'},
      }),
    )
  }

  const file = flags.file === undefined ? okAsync<A, Failure>({} as A) : readGuestSpec(flags.file, schema, runtime)
  return file
    .andThen((spec) => checkWait(merge(typed, spec), flags.wait))
    .andThen((ask) =>
      ask.class === undefined
        ? okAsync<ReadAsk<A>, Failure>({ask})
        : machineClassNamed(surroundings, ask.class).andThen((machineClass) => {
            const count = ask.count ?? machineClass.count
            return checkWait({...ask, ...(count !== undefined && {count})}, flags.wait).map((full) => ({
              ask: full,
              machineClass,
            }))
          }),
    )
}

function checkWait<A extends GuestAsk>(ask: A, wait = true): Result<A, Failure> {
  if (wait || ask.count === undefined) return ok(ask)
  return err(
    failure('usage', '--no-wait cannot be combined with --count: they are made a few at a time', {
      hint: 'Leave --no-wait out',
      details: {field: '--no-wait'},
    }),
  )
}

/**
 * SSH keys of a file stand in it as they are; a private one is refused.
 * @param field where they stand
 */
export function keysOfFile(
  keys: readonly string[] | undefined,
  field: string,
): Result<readonly string[] | undefined, Failure> {
  return keys === undefined ? ok(undefined) : parsePublicKeys(keys.join('\n'), field)
}
