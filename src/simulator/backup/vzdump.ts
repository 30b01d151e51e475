import {die, errorText, permissionError} from '../kernel/pve-error.js'
import {openDestination} from './destination.js'
import {dumpGuest} from './dump-guest.js'
import {idsIn, type JobOptions, recordText, selectedVmids} from './job-options.js'
import {logTime} from './local-time.js'

import type {PropertyRecord} from '../kernel/state.js'
import type {Task} from '../kernel/tasks.js'
import type {World} from '../kernel/world.js'

/** Minutes a job waits for the one before it. */
const LOCK_MINUTES = 180

/** Who has a job run, and where. */
export interface Starter {
  readonly world: World
  readonly node: string
  /** `user@realm` or `user@realm!token`. */
  readonly user: string
}

/** Starts a backup job on the node of the call; `OK` instead of a task when it has nothing to do with this node (reference 2.14). */
export function startBackup(starter: Starter, options: JobOptions): string {
  const {world, node, user} = starter
  const named = options['vmid'] === undefined ? undefined : localVmids(world, options, node)
  if (named?.length === 0) return 'OK'
  const id = named?.length === 1 ? named[0]! : ''
  return world.tasks.start({node, type: 'vzdump', id, user}, (task) => runJob(starter, task, options))
}

/** Guests on other nodes are those nodes' matter; one that doesn't exist is everybody's. */
function localVmids(world: World, options: JobOptions, node: string): readonly number[] {
  return idsIn(options['vmid']).filter((vmid) => (world.store.of('guests').get(vmid)?.node ?? node) === node)
}

async function runJob({world, node, user}: Starter, task: Task, options: JobOptions): Promise<void> {
  await waitForLock(world, task, Number(options['lockwait'] ?? LOCK_MINUTES))
  const destination = openDestination(world, node, options)
  task.log(`INFO: starting new backup job: ${commandLine(options, node)}`)
  const vmids = options['vmid'] === undefined ? selectedVmids(world, options, node) : localVmids(world, options, node)
  const permitted = vmids.filter((vmid) => {
    const may = world.access.has(user, `/vms/${vmid}`, 'VM.Backup')
    if (!may && options['vmid'] !== undefined) permissionError(`/vms/${vmid}, VM.Backup`)
    return may
  })

  let failures = 0
  for (const vmid of permitted) {
    try {
      await dumpGuest({world, node, task, options, destination, vmid})
    } catch (error) {
      const text = errorText(error).trim()
      task.log(`ERROR: Backup of VM ${vmid} failed - ${text}`)
      task.log(`INFO: Failed at ${logTime(world.clock.now(), world.node(node).timezone)}`)
      if (task.signal.aborted) {
        task.log(`ERROR: Backup job failed - ${text}`)
        throw error
      }

      failures++
    }
  }

  if (failures > 0) {
    task.log('INFO: Backup job finished with errors')
    die('job errors')
  }

  task.log('INFO: Backup job finished successfully')
}

/** One job at a time on each node: the others wait their turn. */
async function waitForLock(world: World, task: Task, minutes: number): Promise<void> {
  const before = (): string | undefined => {
    for (const other of world.store.of('tasks').values()) {
      if (other.upid === task.upid) return undefined
      if (other.type === 'vzdump' && other.node === task.node && other.status === undefined) return other.upid
    }

    return undefined
  }

  let other = before()
  if (other === undefined) return
  task.log('INFO: trying to get global lock - waiting...')
  const since = world.clock.now()
  while (other !== undefined) {
    const done = world.tasks.ended(other)
    await Promise.race([done, task.patience(minutes * 60)])
    if (world.clock.now() - since >= minutes * 60 && before() !== undefined) {
      die("can't acquire lock '/var/run/vzdump.lock' - got timeout")
    }

    other = before()
  }

  task.log('INFO: got global lock')
}

/** The job as a command that could be typed. */
function commandLine(options: JobOptions, node: string): string {
  const {vmid, node: _node, ...rest} = options
  const words = ['vzdump', ...idsIn(vmid).map(String)]
  for (const [option, value] of Object.entries({...rest, node})) words.push(`--${option}`, quote(optionText(value)))
  return words.join(' ')
}

function optionText(value: JobOptions[string]): string {
  if (Array.isArray(value)) return value.join(',')
  return typeof value === 'object' && value !== null ? recordText(value as PropertyRecord) : String(value)
}

function quote(word: string): string {
  return /^[\w!%+,./:@^-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
