import {renderBytes} from '../qemu/copy.js'
import {drivesOf} from '../qemu/drives.js'
import {guestUsage} from '../views/guest-figures.js'
import {info, type Migration} from './migration.js'
import {COPY_RATE, type LocalVolume} from './vm-volumes.js'

import type {GuestRecord} from '../kernel/state.js'

const MIB = 1024 ** 2
/** Bytes of memory a second between two nodes. */
const MEMORY_RATE = 110 * MIB

/**
 * Sends the memory of a running VM.
 * @param port of the target; absent: through the tunnel
 */
export async function moveMemory(migration: Migration, guest: GuestRecord, port: number | undefined): Promise<void> {
  const {world, task, to} = migration
  const uri = port === undefined ? `unix:/run/qemu-server/${guest.vmid}.migrate` : `tcp:${to.ip}:${port}`
  const {mem} = guestUsage(guest, world.clock.nowMs())
  const total = Number.parseInt(String(guest.config['memory'] ?? '512').replace('current=', ''), 10) * MIB
  info(migration, `starting online/live migration on ${uri}`)
  info(migration, 'set migration capabilities')
  info(migration, `migration downtime limit: ${Math.round(Number(guest.config['migrate_downtime'] ?? 0.1) * 1000)} ms`)
  info(migration, `migration cachesize: ${renderBytes(cacheSize(total))}`)
  info(migration, 'set migration parameters')
  info(migration, `start migrate command to ${uri}`)
  const seconds = Math.max(1, Math.ceil(mem / MEMORY_RATE))
  for (let passed = 1; passed <= seconds; passed++) {
    await task.sleep(1)
    if (passed < seconds) {
      info(
        migration,
        `migration active, transferred ${renderBytes((mem * passed) / seconds)} of ${renderBytes(total)} VM-state, ${renderBytes(mem / seconds)}/s`,
      )
    }
  }

  info(
    migration,
    `average migration speed: ${renderBytes((total + 16.8 * MIB) / seconds)}/s - downtime ${5 + (guest.vmid % 60)} ms`,
  )
  info(migration, `migration completed, transferred ${renderBytes(mem)} VM-state`)
  info(migration, 'migration status: completed')
}

/** An eighth of the memory, as a power of two. */
function cacheSize(total: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(MIB, total / 8)))
}

/**
 * Copies disks that are written to meanwhile; at the end both sides are the same and stay so.
 * @param port of the target; absent: through the tunnel
 */
export async function mirrorDisks(
  migration: Migration,
  guest: GuestRecord,
  disks: readonly LocalVolume[],
  port: number | undefined,
): Promise<void> {
  const {task, vmid, to} = migration
  const uri = port === undefined ? `nbd:unix:/run/qemu-server/${vmid}_nbd.migrate` : `nbd:${to.ip}:${port}`
  info(migration, 'starting storage migration')
  for (const {volume} of disks) {
    const key = keyOf(guest, volume.volid)
    info(migration, `${key}: start migration to ${uri}:exportname=drive-${key}`)
    task.log(`drive mirror is starting for drive-${key}`)
    const seconds = Math.max(1, Math.ceil(volume.size / COPY_RATE))
    for (let passed = 1; passed <= seconds; passed++) {
      await task.sleep(1)
      const share = passed / seconds
      task.log(
        `drive-${key}: transferred ${renderBytes(volume.size * share)} of ${renderBytes(volume.size)} (${(share * 100).toFixed(2)}%) in ${passed}s${share === 1 ? ', ready' : ''}`,
      )
    }
  }

  task.log("all 'mirror' jobs are ready")
}

/** Lets go of the disks here. */
export function completeMirrors({task}: Migration, guest: GuestRecord, disks: readonly LocalVolume[]): void {
  for (const {volume} of disks) task.log(`drive-${keyOf(guest, volume.volid)}: Completing block job...`)
  for (const {volume} of disks) {
    const key = keyOf(guest, volume.volid)
    task.log(`drive-${key}: Completed successfully.`)
    task.log(`drive-${key}: mirror-job finished`)
  }
}

function keyOf({config}: GuestRecord, file: string): string {
  return drivesOf(config).find(([, drive]) => drive.file === file)?.[0] ?? 'unknown'
}
