import {err, ok, type Result} from 'neverthrow'
import {parseDiskSpec, type DiskSpec} from './disk-spec.js'
import {failure, type Failure} from './failure.js'
import {diskAt, disksOf} from './guest-disks.js'
import type {GuestSettings} from './guest-settings.js'
import {guestLabel, type Guest} from './guest.js'

/** A disk that somebody wants in a guest. */
export interface WantedDisk {
  /** `local-lvm:32GiB,ssd`, a volume that exists, or `unused0`; for an import, the volume to copy with the options of the disk. */
  readonly text: string
  readonly action: 'add' | 'attach' | 'import'
  /** `scsi3`, or a bus alone; `mp3` for containers. */
  readonly slot?: string
  /** Containers: where it is mounted. */
  readonly mount?: string
  /** For a new volume whose text names no storage; by default the one of the guest's first disk. */
  readonly storage?: string
  readonly overcommit: boolean
  /** Import: where a file is unpacked that cannot be where the disk goes. */
  readonly workingStorage?: string
}

/** What is wanted, in parts; `unused0` becomes the volume that it is. */
export function readWanted(guest: Guest, settings: GuestSettings, wanted: WantedDisk): Result<DiskSpec, Failure> {
  const {action, mount, text} = wanted
  const unused = /^unused\d+(?=,|$)/.exec(text)?.[0]
  if (unused !== undefined && diskAt(guest.type, settings, unused) === undefined) {
    const keys = disksOf(guest.type, settings).flatMap((disk) => (disk.unused ? disk.key : []))
    return err(
      failure('not-found', `${guestLabel(guest)} has no "${unused}"`, {
        hint: `Unused are: ${keys.join(', ') || 'none'}`,
        details: {disk: unused, disks: keys},
      }),
    )
  }

  const volume = unused === undefined ? undefined : diskAt(guest.type, settings, unused)?.volume
  const full = volume === undefined ? text : volume + text.slice(unused?.length)
  const read = action === 'import' ? readImport(full, wanted) : parseDiskSpec(full, guest.type)
  return read.andThen((spec) => {
    const expected = {add: undefined, attach: 'volume', import: 'import'}[action]
    if (expected !== undefined && spec.source.kind !== expected) {
      return err(
        failure('usage', `"${text}" is no volume that could be attached`, {
          hint: 'Write STORAGE:NAME or unused0; a new disk is made with: disk add',
        }),
      )
    }

    return guest.type === 'qemu' ? ok(spec) : withMount(spec, mount)
  })
}

/** `VOLUME[,option…]`: what stands before the first comma is copied. */
function readImport(text: string, {storage}: WantedDisk): Result<DiskSpec, Failure> {
  const [from = '', ...options] = text.split(',')
  return parseDiskSpec([`${storage ?? 'storage'}:0`, `import-from=${from}`, ...options].join(','), 'qemu').map(
    (spec) => {
      const {storage: _storage, ...rest} = spec
      return storage === undefined ? rest : spec
    },
  )
}

function withMount(spec: DiskSpec, mount: string | undefined): Result<DiskSpec, Failure> {
  const path = mount ?? spec.options.get('mp')
  if (path === undefined || !path.startsWith('/') || /[,\s]/.test(path) || path === '/') {
    return err(
      failure(
        'usage',
        path === undefined ? 'it is not said where the disk is mounted' : `a disk cannot be mounted at "${path}"`,
        {hint: 'Give a path in the container: --mount /data', details: {field: 'mount'}},
      ),
    )
  }

  return ok({...spec, options: new Map([['mp', path], ...[...spec.options].filter(([name]) => name !== 'mp')])})
}
