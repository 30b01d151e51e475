import type {Interfaces} from '@oclif/core'

import {processRuntime, type Runtime} from './runtime.js'

/** The runtime of a command: the one that tests put beside oclif's load options, else that of the process. */
export function runtimeOf(config: Interfaces.Config): Runtime {
  const {options} = config as {options?: {runtime?: Runtime}}
  return options?.runtime ?? processRuntime()
}
