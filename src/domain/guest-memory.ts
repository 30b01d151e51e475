import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from './failure.js'
import {formatSize} from './size.js'

const MIB = 2 ** 20

/** Proxmox VE counts memory in whole MiB, from 16 on. A plain number is bytes, which nobody means. */
export function checkMemory(bytes: number | undefined): Result<void, Failure> {
  if (bytes === undefined || (bytes >= 16 * MIB && bytes % MIB === 0)) return ok(undefined)
  return err(
    failure('usage', `--memory ${formatSize(bytes)} is not possible`, {
      hint: `Give whole MiB, at least 16, with the unit: ${bytes < 16 * MIB ? `${bytes}MiB` : '4GiB'}`,
      details: {field: 'memory'},
    }),
  )
}
