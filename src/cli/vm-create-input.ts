import {err, errAsync, ok, okAsync, ResultAsync, type Result} from 'neverthrow'
import type {ContextSettings, MachineClass} from '../config/configuration.js'
import type {Surroundings} from '../config/locations.js'
import {failure, type Failure} from '../domain/failure.js'
import {parsePublicKeys} from '../domain/ssh-key.js'
import type {WaitCondition} from '../domain/wait-condition.js'
import type {VmCreateRequest} from '../services/vm-create-request.js'
import {readCloudInit, type CloudInitInput} from './cloud-init-flags.js'
import {readPairs} from './config-pairs.js'
import {readGuestSpec} from './guest-spec-file.js'
import {machineClassNamed} from './machine-class.js'
import type {WaitFlagValues} from './patience.js'
import {mergeAsks, vmRequest, vmSpec, type VmAsk} from './vm-create-ask.js'
import {askOfFlags, type VmFlags} from './vm-create-flags.js'

/** Where a command reads from. */
export interface VmCreateInput extends CloudInitInput {
  readonly surroundings: Surroundings
}

/** What is to be made, and how many; without a count one, called as it is. */
export interface VmCreateWish {
  readonly request: VmCreateRequest
  readonly count?: number
}

/** How several are made. */
export interface ManyFlags extends WaitFlagValues {
  readonly wait: boolean
  readonly parallel: number
  readonly 'fail-fast': boolean
  readonly 'warnings-as-errors': boolean
}

/** Puts together what the flags say, and what they point to: a file, a machine class, keys, stdin. */
export function readVmCreate(
  args: {readonly name?: string | undefined; readonly template?: string | undefined},
  flags: VmFlags & {
    readonly set?: string[] | undefined
    readonly 'wait-for'?: WaitCondition[] | undefined
    readonly wait?: boolean
  },
  context: ContextSettings,
  input: VmCreateInput,
): ResultAsync<VmCreateWish, Failure> {
  if (flags.file === '-' && (flags['password-stdin'] || (flags['ssh-key'] ?? []).includes('-'))) {
    return errAsync(
      failure('usage', 'stdin can be read for one thing only', {
        hint: 'Put the description into a file: -f FILE',
        details: {field: '--file'},
      }),
    )
  }

  const file = flags.file === undefined ? okAsync<VmAsk, Failure>({}) : readGuestSpec(flags.file, vmSpec, input.runtime)
  return file
    .andThen((spec) => checkWait(mergeAsks(askOfFlags(args, flags), spec), flags.wait))
    .andThen((ask) =>
      classOf(ask, input).andThen((machineClass) =>
        keysOf(ask).asyncAndThen((plain) =>
          ResultAsync.combine([readCloudInit(flags, input), readPairs(flags.set ?? [], input.runtime)]).andThen(
            ([cloudInit, options]) =>
              vmRequest(plain, {
                ...(machineClass !== undefined && {machineClass}),
                context,
                options,
                cloudInit: cloudInit.spec,
                ...(cloudInit.password !== undefined && {password: cloudInit.password}),
                waitFor: flags['wait-for'] ?? [],
              }).map((request) => ({request, ...(ask.count !== undefined && {count: ask.count})})),
          ),
        ),
      ),
    )
}

function checkWait(ask: VmAsk, wait = true): Result<VmAsk, Failure> {
  if (wait || ask.count === undefined) return ok(ask)
  return err(
    failure('usage', '--no-wait cannot be combined with --count: they are made a few at a time', {
      hint: 'Leave --no-wait out',
      details: {field: '--no-wait'},
    }),
  )
}

function classOf(ask: VmAsk, {surroundings}: VmCreateInput): ResultAsync<MachineClass | undefined, Failure> {
  return ask.class === undefined ? okAsync(undefined) : machineClassNamed(surroundings, ask.class)
}

/** SSH keys of a file stand in it as they are; a private one is refused. */
function keysOf(ask: VmAsk): Result<VmAsk, Failure> {
  const keys = ask.cloudInit?.sshKeys
  return keys === undefined
    ? ok(ask)
    : parsePublicKeys(keys.join('\n'), 'cloudInit.sshKeys').map((sshKeys): VmAsk => ({
        ...ask,
        cloudInit: {...ask.cloudInit, sshKeys},
      }))
}
