import type {Interfaces} from '@oclif/core'

import {flush, handle, run, settings} from '@oclif/core'

import {watchOutput} from './watch-output.js'

/**
 * Runs one command line and leaves the exit code with the process.
 *
 * @param load - where the commands are: the folder of the package, or oclif's own load options
 * @param argv - the words after the program's name
 */
export async function main(load: Interfaces.LoadOptions, argv: string[]): Promise<void> {
  // Otherwise NODE_ENV=development in a shell makes oclif look for TypeScript sources at every start.
  settings.enableAutoTranspile = false
  watchOutput()
  try {
    await run(argv, load)
    await flush()
  } catch (error) {
    await handle(error as Error)
  }
}
