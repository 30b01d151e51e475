import {configText} from '../backup/config-text.js'
import {checkOptionRights, checkSelection, jobOptions} from '../backup/job-options.js'
import {startBackup} from '../backup/vzdump.js'
import {backupContents} from '../guest/backup-contents.js'
import {die, paramError} from '../kernel/pve-error.js'
import {addressOf, checkVolumeAccess} from '../storage/access.js'
import {parseVolumeName, contentDirectory} from '../storage/volume-name.js'
import {findVolume, storageOnNode} from '../storage/volumes.js'

import type {Call, Routes} from '../kernel/call.js'
import type {Json} from '../kernel/pve-error.js'

const PATH = '/nodes/{node}/vzdump'

export const vzdumpRoutes: Routes = {
  [`POST ${PATH}`](call) {
    const {world} = call
    if (call.flag('stdout')) paramError({stdout: 'option is only allowed on the command line interface.'})
    checkOptionRights(call)
    const options = jobOptions(call.params, (option) => isNumeric(call, option))
    checkSelection(options, {mustSelect: true})
    const pool = call.text('pool')
    if (pool !== undefined && !world.store.of('pools').has(pool)) die(`pool '${pool}' does not exist`)
    const storage = call.text('storage')
    if (storage !== undefined) call.check(`/storage/${storage}`, 'Datastore.AllocateSpace')
    if (call.flag('stop')) {
      stopRunning(call)
      if (options['vmid'] === undefined && options['all'] === undefined && pool === undefined) return 'OK'
    }

    const {stop: _stop, quiet: _quiet, ...job} = options
    return startBackup(call, job)
  },

  [`GET ${PATH}/defaults`](call) {
    const id = call.text('storage')
    const storage = id === undefined ? undefined : storageOnNode(call.world, id, call.node)
    if (id !== undefined) call.checkAny(`/storage/${id}`, 'Datastore.Audit', 'Datastore.AllocateSpace')
    return {
      ...DEFAULTS,
      'prune-backups': storage?.config['prune-backups'] ?? 'keep-all=1',
      ...(storage
        ? {storage: storage.storage, ...(storage.type !== 'pbs' && {dumpdir: contentDirectory(storage, 'backup')})}
        : {dumpdir: '/var/lib/vz/dump'}),
    }
  },

  [`GET ${PATH}/extractconfig`](call) {
    const address = addressOf(call, call.required('volume'))
    checkVolumeAccess(call, address)
    const storage = storageOnNode(call.world, address.storage.storage, call.node)
    const {content} = parseVolumeName(storage, address.volname)
    if (content !== 'backup') die(`${address.volid} is not a backup`)
    const volume = findVolume(call.world, address.volid, call.node) ?? die(`volume '${address.volid}' does not exist`)
    const contents = backupContents(volume) ?? die(`unable to extract the configuration from '${address.volid}'`)
    return configText(contents)
  },
}

const DEFAULTS: {readonly [option: string]: Json} = {
  all: 0,
  bwlimit: 0,
  compress: '0',
  fleecing: {enabled: 0},
  ionice: 7,
  lockwait: 180,
  mailnotification: 'always',
  mode: 'snapshot',
  'notification-mode': 'auto',
  'notification-policy': 'always',
  performance: {'max-workers': 16, 'pbs-entries-max': 1_048_576},
  pigz: 0,
  quiet: 0,
  remove: 1,
  stdexcludes: 1,
  stop: 0,
  stopwait: 10,
  zstd: 1,
}

function isNumeric({world}: Call, option: string): boolean {
  const type = world.schema.find('POST', PATH)?.parameters.properties?.[option]?.type
  return type === 'boolean' || type === 'integer'
}

/** `stop` ends the jobs that run on the node. */
function stopRunning({world, node}: Call): void {
  for (const task of world.store.of('tasks').values()) {
    if (task.type === 'vzdump' && task.node === node && task.status === undefined) world.tasks.stop(task.upid)
  }
}
