import {die, errorText, PveError} from '../kernel/pve-error.js'
import {checkActivation, newStorage, ordered, storageAnswer, storageDigest, updatedConfig} from '../storage/config.js'
import {storageConfig} from '../storage/volumes.js'

import type {Call, Routes} from '../kernel/call.js'

/** Seconds until the lock on a file of a cluster without quorum is given up (cluster facts, "Quorum loss"). */
const LOCK_SECONDS = 9

export const storageRoutes: Routes = {
  'GET /storage'(call) {
    const type = call.text('type')
    const digest = storageDigest(call.world)
    return ordered(call.world)
      .filter((storage) => type === undefined || storage.type === type)
      .filter(({storage}) => call.hasAny(`/storage/${storage}`, 'Datastore.Audit', 'Datastore.AllocateSpace'))
      .map((storage) => storageAnswer(storage, digest))
  },

  'GET /storage/{storage}': (call) =>
    storageAnswer(storageConfig(call.world, call.required('storage')), storageDigest(call.world)),

  async 'POST /storage'(call) {
    const {world} = call
    const [id, type] = [call.required('storage'), call.required('type')]
    const record = newStorage(world, id, type, call.params, call.node)
    await locked(call, 'create', () => {
      if (world.store.of('storages').has(id)) die(`storage ID '${id}' already defined`)
      checkActivation(world, record, call.node)
      world.store.of('storages').put(id, record)
    })
    return {storage: id, type}
  },

  async 'PUT /storage/{storage}'(call) {
    const {world} = call
    const id = call.required('storage')
    return locked(call, 'update', () => {
      const storage = storageConfig(world, id)
      const digest = call.text('digest')
      if (digest !== undefined && digest !== storageDigest(world)) {
        die('detected modified configuration - file changed by other user? Try again.')
      }

      const config = updatedConfig(storage, call.params, call.list('delete'))
      world.store.of('storages').put(id, {...storage, config})
      return {storage: id, type: storage.type}
    })
  },

  /** The volumes stay where they are: only the configuration forgets them. */
  async 'DELETE /storage/{storage}'(call) {
    const {world} = call
    const id = call.required('storage')
    await locked(call, 'delete', () => {
      storageConfig(world, id)
      const inBase = [...world.store.of('storages').values()].find(({config}) =>
        String(config['base'] ?? '').startsWith(`${id}:`),
      )
      if (inBase) die(`base storage '${id}' still in use by '${inBase.storage}'`)
      world.store.of('storages').delete(id)
    })
    return null
  },
}

async function locked<T>(call: Call, verb: string, change: () => T): Promise<T> {
  try {
    if (!call.world.isQuorate(call.node)) {
      await call.world.clock.sleep(LOCK_SECONDS)
      die("cfs-lock 'file-storage_cfg' error: no quorum!")
    }

    return change()
  } catch (error) {
    throw new PveError(500, `${verb} storage failed: ${errorText(error)}`)
  }
}
