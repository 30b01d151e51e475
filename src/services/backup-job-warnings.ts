import {err, ok, type Result} from 'neverthrow'
import {guestsOfJob, type JobWish} from '../domain/backup-job.js'
import type {ClusterResources} from '../domain/cluster.js'
import {failure, type Failure} from '../domain/failure.js'
import {closest} from '../domain/suggest.js'

/**
 * What Proxmox VE takes without a word and what fails only when the job runs: an unknown storage or node is refused here, and what goes wrong for some guests is
 * said.
 */
export function jobWarnings(job: JobWish, resources: ClusterResources): Result<string[], Failure> {
  const {guests, nodes, storages} = resources
  if (job.node !== undefined && !nodes.some(({node}) => node === job.node)) {
    const names = nodes.map(({node}) => node)
    const near = closest(job.node, names)
    return err(
      failure('not-found', `there is no node "${job.node}"`, {
        hint: `${near === undefined ? '' : `Did you mean "${near}"? `}The nodes are: ${names.join(', ')}`,
        details: {field: 'node', value: job.node},
      }),
    )
  }

  const {vmids, all = false, pool, exclude = [], node} = job
  const selection = {all, exclude, ...(vmids !== undefined && {vmids}), ...(pool !== undefined && {pool})}
  const saved = guestsOfJob({...selection, ...(node !== undefined && {node})}, guests)
  const warnings: string[] = []
  if (saved.length === 0) warnings.push('no guest of today is in this job')
  const elsewhere =
    node === undefined || vmids === undefined
      ? []
      : guestsOfJob(selection, guests).filter((guest) => guest.node !== node)
  if (elsewhere.length > 0)
    warnings.push(
      `not saved, because the job runs on ${node ?? ''} only: ${elsewhere.map((guest) => guest.name ?? guest.vmid).join(', ')}`,
    )
  if (job.storage === undefined) return ok(warnings)
  const places = storages.filter(({storage}) => storage === job.storage)
  if (!places.some(({content}) => content.includes('backup')))
    return err(noBackups(job.storage, places.length > 0, resources))
  const lacking = [...new Set(saved.map((guest) => guest.node))].filter(
    (one) => !places.some((place) => place.node === one),
  )
  for (const one of lacking) {
    const names = saved.filter((guest) => guest.node === one).map((guest) => guest.name ?? String(guest.vmid))
    warnings.push(`storage ${job.storage} is not on node ${one}: the job will fail there for ${names.join(', ')}`)
  }

  return ok(warnings)
}

function noBackups(storage: string, known: boolean, {storages}: ClusterResources): Failure {
  const able = [...new Set(storages.filter(({content}) => content.includes('backup')).map((one) => one.storage))].sort()
  return failure(
    known ? 'refused' : 'not-found',
    known
      ? `storage "${storage}" is not set up for backups`
      : `there is no storage "${storage}", or it is disabled, or this login may not see it`,
    {
      hint: `These hold backups: ${able.join(', ') || 'none'}`,
      details: {field: 'storage', value: storage, reason: known ? 'storage-content' : 'storage-unknown'},
    },
  )
}
