import {drivesOf, isCloudInit} from './drives.js'

import type {Json} from '../kernel/pve-error.js'
import type {GuestRecord} from '../kernel/state.js'

/** How a program ends, in the words of the agent; `error` when it could not be started. */
export type ProgramEnd = {[key: string]: Json}

/**
 * What the guest of a simulated VM does with a program that nobody has programmed: a handful of programs do what they do everywhere, any other ends well
 * and says nothing.
 */
export function runProgram(guest: GuestRecord, command: readonly string[], input: string | undefined): ProgramEnd {
  const [program = '', ...words] = command
  const name = String(guest.config['name'] ?? `vm${guest.vmid}`)
  switch (program.replace(/^(?:\/usr)?\/bin\//, '')) {
    case 'cat': {
      return words.length === 0 && input !== undefined ? {'out-data': input} : {}
    }

    case 'cloud-init': {
      return cloudInit(guest)
    }

    case 'echo': {
      return {'out-data': `${words.join(' ')}\n`}
    }

    case 'false': {
      return {exitcode: 1}
    }

    case 'hostname': {
      return {'out-data': `${name}\n`}
    }

    case 'uname': {
      return {'out-data': words.includes('-a') ? `Linux ${name} 6.1.0-28-amd64 x86_64 GNU/Linux\n` : 'Linux\n'}
    }

    case 'whoami': {
      return {'out-data': 'root\n'}
    }

    default: {
      return {}
    }
  }
}

function cloudInit({config}: GuestRecord): ProgramEnd {
  return drivesOf(config).some(([, drive]) => isCloudInit(drive))
    ? {'out-data': 'status: done\nextended_status: done\ndetail: DataSourceNoCloud [seed=/dev/sr0]\nerrors: []\n'}
    : {
        error: `Guest agent command failed, error was 'Failed to execute child process “cloud-init” (No such file or directory)'`,
      }
}
