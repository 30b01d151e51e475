import {ResultAsync} from 'neverthrow'
import type {ContextSettings} from '../config/configuration.js'
import type {Failure} from '../domain/failure.js'
import type {WaitCondition} from '../domain/wait-condition.js'
import type {VmCreateRequest} from '../services/vm-create-request.js'
import {readCloudInit} from './cloud-init-flags.js'
import {readPairs} from './config-pairs.js'
import {keysOfFile, readAsk, type GuestCreateInput, type GuestCreateWish} from './guest-create-input.js'
import {mergeVmAsks, vmRequest, vmSpec} from './vm-create-ask.js'
import {askOfFlags, type VmFlags} from './vm-create-flags.js'

/** Puts together what the flags say, and what they point to: a file, a machine class, keys, stdin. */
export function readVmCreate(
  args: {readonly name?: string | undefined; readonly template?: string | undefined},
  flags: VmFlags & {readonly 'wait-for'?: WaitCondition[] | undefined; readonly wait?: boolean},
  context: ContextSettings,
  input: GuestCreateInput,
): ResultAsync<GuestCreateWish<VmCreateRequest>, Failure> {
  return readAsk({typed: askOfFlags(args, flags), schema: vmSpec, merge: mergeVmAsks, flags}, input).andThen(
    ({ask, machineClass}) =>
      keysOfFile(ask.cloudInit?.sshKeys, 'cloudInit.sshKeys').asyncAndThen((sshKeys) =>
        ResultAsync.combine([readCloudInit(flags, input), readPairs(flags.set ?? [], input.runtime)]).andThen(
          ([{password, spec}, options]) =>
            vmRequest(ask, {
              ...(machineClass !== undefined && {machineClass}),
              context,
              options,
              cloudInit: {...(sshKeys !== undefined && {sshKeys}), ...spec},
              ...(password !== undefined && {password}),
              waitFor: flags['wait-for'] ?? [],
            }).map((request) => ({request, ...(ask.count !== undefined && {count: ask.count})})),
        ),
      ),
  )
}
