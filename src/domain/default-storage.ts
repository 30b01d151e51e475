import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from './failure.js'
import {guestNoun, type GuestType} from './guest.js'
import {describeStorage} from './storage-affinity.js'
import {holdsDisksOf, type NodeStorage} from './storage.js'

/**
 * The storage for new disks of a guest where nobody names one: the only one on that node that holds such disks. Between several, nothing is guessed.
 * @param flag how to name one: `--storage`
 */
export function defaultStorage(
  node: string,
  type: GuestType,
  storages: readonly NodeStorage[],
  flag: string,
): Result<string, Failure> {
  const able = storages.filter((one) => one.node === node && one.available && holdsDisksOf(one, type))
  const [only, another] = able
  if (only !== undefined && another === undefined) return ok(only.storage)
  const what = `disks of a ${guestNoun(type)}`
  if (only === undefined) {
    return err(
      failure('refused', `no storage on ${node} holds ${what}`, {
        hint: `Give a storage the content ${type === 'qemu' ? 'images' : 'rootdir'}, or choose another node`,
        details: {node},
      }),
    )
  }

  return err(
    failure('usage', `several storages on ${node} hold ${what}: ${able.map((one) => one.storage).join(', ')}`, {
      hint: `Choose one with ${flag}, or set it as a default in the configuration: ${able.map((one) => describeStorage(one, storages)).join(', ')}`,
      details: {node, storages: able.map((one) => one.storage)},
    }),
  )
}
