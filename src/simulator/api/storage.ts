import {withClusterLock} from '../config/cluster-lock.js'
import {die} from '../kernel/pve-error.js'
import {checkActivation} from '../storage/activation.js'
import {newStorage, ordered, storageAnswer, storageDigest, updatedConfig} from '../storage/config.js'
import {storageConfig} from '../storage/volumes.js'

import type {Routes} from '../kernel/call.js'
import type {Json} from '../kernel/pve-error.js'

const LOCK = 'file-storage_cfg'

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

  'POST /storage'(call) {
    const {world} = call
    const [id, type] = [call.required('storage'), call.required('type')]
    const record = newStorage(world, id, type, call.params, call.node)
    const create = (): Json => {
      if (world.store.of('storages').has(id)) die(`storage ID '${id}' already defined`)
      checkActivation(record, call.node)
      world.store.of('storages').put(id, record)
      return {storage: id, type}
    }

    return withClusterLock(call, LOCK, create, 'create storage failed')
  },

  'PUT /storage/{storage}'(call) {
    const {world} = call
    const id = call.required('storage')
    const update = (): Json => {
      const storage = storageConfig(world, id)
      const digest = call.text('digest')
      if (digest !== undefined && digest !== storageDigest(world)) {
        die('detected modified configuration - file changed by other user? Try again.')
      }

      const config = updatedConfig(storage, call.params, call.list('delete'))
      world.store.of('storages').put(id, {...storage, config})
      return {storage: id, type: storage.type}
    }

    return withClusterLock(call, LOCK, update, 'update storage failed')
  },

  /** The volumes stay where they are: only the configuration forgets them. */
  'DELETE /storage/{storage}'(call) {
    const {world} = call
    const id = call.required('storage')
    const remove = (): null => {
      storageConfig(world, id)
      const user = ordered(world).find(({config}) => String(config['base'] ?? '').startsWith(`${id}:`))
      if (user) die(`base storage '${id}' still in use by '${user.storage}'`)
      world.store.of('storages').delete(id)
      return null
    }

    return withClusterLock(call, LOCK, remove, 'delete storage failed')
  },
}
