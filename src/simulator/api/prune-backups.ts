import {parseKeep} from '../backup/prune.js'
import {pruneStorage, removeMarked} from '../backup/retention.js'
import {storageOnNode} from '../storage/volumes.js'

import type {Call, Routes} from '../kernel/call.js'
import type {PropertyRecord} from '../kernel/state.js'

const PATH = '/nodes/{node}/storage/{storage}/prunebackups'

export const pruneBackupsRoutes: Routes = {
  [`GET ${PATH}`]: (call) => [...marked(call)],

  [`DELETE ${PATH}`](call) {
    const storage = call.required('storage')
    const vmid = call.text('vmid')
    const path = `/storage/${storage}`
    if (vmid === undefined) call.check(path, 'Datastore.Allocate')
    else if (!call.has(path, 'Datastore.Allocate')) {
      call.check(path, 'Datastore.AllocateSpace')
      call.check(`/vms/${vmid}`, 'VM.Backup')
    }

    return call.startTask('prunebackups', vmid === undefined ? storage : `${vmid}@${storage}`, (task) => {
      removeMarked(call.world, marked(call), call.node, (line) => task.log(line))
    })
  },
}

function marked(call: Call): readonly PropertyRecord[] {
  const storage = storageOnNode(call.world, call.required('storage'), call.node)
  const rules = call.text('prune-backups')
  return pruneStorage(call.world, storage, rules === undefined ? undefined : (parseKeep(rules) ?? {}), {
    node: call.node,
    vmid: call.number('vmid'),
    type: call.text('type'),
  })
}
