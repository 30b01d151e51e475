import {pid} from 'node:process'
import {errAsync, ResultAsync} from 'neverthrow'

import {failure, type Failure} from '../../domain/failure.js'
import {type InstanceRequest, prepareInstance} from './instance.js'
import {type Serving, serveInstance} from './serve-instance.js'

/**
 * Serves a named simulator in this process.
 * @returns `conflict` if it runs already
 */
export function serveHere(stateDir: string, name: string, request: InstanceRequest): ResultAsync<Serving, Failure> {
  return prepareInstance(stateDir, name, request).andThen((prepared): ResultAsync<Serving, Failure> => {
    if (prepared.kind === 'running') {
      return errAsync(
        failure('conflict', `the simulator ${name} runs already`, {hint: `homelab simulator stop --name ${name}`}),
      )
    }

    return ResultAsync.fromPromise(serveInstance(prepared.files, prepared.plan.options, pid), (error) =>
      failure('unexpected', `the simulator ${name} does not start: ${(error as Error).message}`),
    )
  })
}
