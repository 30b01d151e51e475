import type {ResultAsync} from 'neverthrow'
import type {ContextSettings} from '../config/configuration.js'
import type {Failure} from '../domain/failure.js'
import type {WaitCondition} from '../domain/wait-condition.js'
import type {ContainerCreateRequest} from '../services/container-create-request.js'
import {readAccess} from './access-flags.js'
import {containerRequest, containerSpec, mergeContainerAsks} from './container-create-ask.js'
import {askOfContainerFlags, type ContainerFlags} from './container-create-flags.js'
import {keysOfFile, readAsk, type GuestCreateInput, type GuestCreateWish} from './guest-create-input.js'

/** Puts together what the flags say, and what they point to: a file, a machine class, keys, stdin. */
export function readContainerCreate(
  args: {readonly name?: string | undefined; readonly template?: string | undefined},
  flags: ContainerFlags & {readonly 'wait-for'?: WaitCondition[] | undefined; readonly wait?: boolean},
  context: ContextSettings,
  input: GuestCreateInput,
): ResultAsync<GuestCreateWish<ContainerCreateRequest>, Failure> {
  const reader = {typed: askOfContainerFlags(args, flags), schema: containerSpec, merge: mergeContainerAsks, flags}
  return readAsk(reader, input).andThen(({ask, machineClass}) =>
    keysOfFile(ask.sshKeys, 'sshKeys').asyncAndThen((keys) =>
      readAccess(flags, input).andThen(({password, sshKeys = keys}) =>
        containerRequest(ask, {
          ...(machineClass !== undefined && {machineClass}),
          context,
          ...(sshKeys !== undefined && {sshKeys}),
          ...(password !== undefined && {password}),
          waitFor: flags['wait-for'] ?? [],
        }).map((request) => ({request, ...(ask.count !== undefined && {count: ask.count})})),
      ),
    ),
  )
}
