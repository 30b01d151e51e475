/** Stands in for wsl-utils, of which oclif wants a word for the user agent: the original loads a dozen modules at every start to find it. */
import os from 'node:os'

export const isWsl = process.platform === 'linux' && /microsoft/i.test(os.release())
export const powerShellPath = async () => 'powershell.exe'
