import {die, paramError, permissionError} from '../kernel/pve-error.js'
import {hasContent, storageConfig} from '../storage/volumes.js'
import {parseVolumeName} from '../storage/volume-name.js'
import {isCdrom, newDisk, parseDrive, splitVolid} from './drives.js'
import {DRIVE_KEYS, isDriveKey, optionPrivileges} from './options.js'
import {parseNet} from './network.js'
import {parseProperties} from './property-string.js'

import type {Call} from '../kernel/call.js'
import type {GuestConfig} from '../kernel/state.js'

/**
 * Privileges on a VM; on its pool instead, while it is being created in one.
 * @throws PveError 403 `Permission check failed (/vms/100, VM.Config.CPU)`
 */
export function checkVmPrivileges(
  call: Call,
  vmid: number,
  pool: string | undefined,
  privileges: readonly string[],
  any = false,
): void {
  const path = `/vms/${vmid}`
  if (
    pool !== undefined &&
    (any ? call.hasAny(`/pool/${pool}`, ...privileges) : call.has(`/pool/${pool}`, ...privileges))
  )
    return
  if (any) call.checkAny(path, ...privileges)
  else call.check(path, ...privileges)
}

/** What the options to be set or deleted need (reference 2.3); the text for the rest is `only root can set 'x' config`. */
export function checkOptionAccess(call: Call, vmid: number, pool: string | undefined, keys: readonly string[]): void {
  if (call.isRootPam) return
  for (const key of keys) {
    const need = optionPrivileges(key)
    if (need === 'root') die(`only root can set '${key}' config`)
    if (need === 'elsewhere') continue
    if ('any' in need) checkVmPrivileges(call, vmid, pool, need.any, true)
    else checkVmPrivileges(call, vmid, pool, need.all)
    // the boot order of guests is a matter of the host
    if (key === 'startup') call.check('/', 'Sys.Modify')
  }
}

/** Devices of the host: ports, USB, PCI. A virtual one takes a privilege, a mapped one the mapping's, a real one root@pam himself. */
export function checkDeviceAccess(
  call: Call,
  vmid: number,
  pool: string | undefined,
  options: Readonly<Record<string, number | string | undefined>>,
): void {
  if (call.isRootPam) return
  const hwType = (): void => checkVmPrivileges(call, vmid, pool, ['VM.Config.HWType'])
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined) continue
    const text = String(value)
    if (/^serial\d+$/.test(key)) {
      if (text === 'socket') hwType()
      else die(`only root can set '${key}' config for real devices`)
    } else if (/^(?:usb|hostpci)\d+$/.test(key)) {
      const {head, properties} = parseProperties(text, ['host'])
      const mapping = properties.get('mapping')
      const bus = key.startsWith('usb') ? 'usb' : 'pci'
      if (mapping !== undefined) {
        hwType()
        call.check(`/mapping/${bus}/${mapping}`, 'Mapping.Use')
      } else if (bus === 'usb' && /^spice$/i.test(head ?? '')) {
        hwType()
      } else {
        die(`only root can set '${key}' config for ${bus === 'usb' ? 'real' : 'non-mapped'} devices`)
      }
    } else if (/^virtiofs\d+$/.test(key)) {
      hwType()
      call.check(`/mapping/dir/${parseProperties(text, ['dirid']).head ?? ''}`, 'Mapping.Use')
    }
  }
}

/**
 * Whether the caller may use a volume that exists: a privilege on its storage, or it is the VM's own.
 * @throws PveError 403, or 500 for a name the storage cannot read
 */
export function checkVolumeAccess(call: Call, vmid: number, file: string): void {
  const volid = splitVolid(file)
  if (!volid) {
    if (!call.isRootPam) die('Only root can pass arbitrary filesystem paths.')
    return
  }

  const storage = storageConfig(call.world, volid.storage)
  const name = parseVolumeName(storage, volid.volname)
  const path = `/storage/${volid.storage}`
  if (call.has(path, 'Datastore.Allocate')) return
  if (['iso', 'vztmpl', 'import'].includes(name.content)) {
    call.checkAny(path, 'Datastore.AllocateSpace', 'Datastore.Audit')
  } else if (name.vmid === vmid) {
    return
  } else if (name.content === 'backup' && name.vmid !== undefined) {
    call.check(path, 'Datastore.AllocateSpace')
    call.check(`/vms/${name.vmid}`, 'VM.Backup')
  } else if (name.vmid !== undefined) {
    call.check(path, 'Datastore.Audit')
    call.check(`/vms/${name.vmid}`, 'VM.Config.Disk')
  } else {
    die(`missing privileges to access ${file}`)
  }
}

/** Everything about drives that is checked before work begins: storages, rights, what kind of volume it is, where it is imported from. */
export function checkDriveAccess(
  call: Call,
  vmid: number,
  options: Readonly<Record<string, number | string | undefined>>,
  defaultStorage?: string,
): void {
  for (const key of [...DRIVE_KEYS, ...Object.keys(options).filter((key) => /^unused\d+$/.test(key))]) {
    const value = options[key]
    if (value === undefined) continue
    const drive = parseDrive(value)
    const volid = splitVolid(drive.file)
    const disk = newDisk(drive)
    if (drive.file === '' || drive.file === 'none' || /(?:^|:)cloudinit$/.test(drive.file)) continue
    if (isCdrom(drive) && drive.file === 'cdrom') {
      call.check('/', 'Sys.Console')
    } else if (disk) {
      const id = disk.storage ?? defaultStorage ?? die('no storage ID specified (and no default storage)')
      call.check(`/storage/${id}`, 'Datastore.AllocateSpace')
      const storage = storageConfig(call.world, id)
      if (!hasContent(storage, 'images')) paramError({storage: `storage '${id}' does not support vm images`})
    } else {
      checkVolumeAccess(call, vmid, drive.file)
      if (volid) {
        const {content} = parseVolumeName(storageConfig(call.world, volid.storage), volid.volname)
        if (content !== 'images' && content !== 'iso') paramError({[key]: "content type needs to be 'images' or 'iso'"})
        if (content === 'iso' && !isCdrom(drive))
          paramError({[key]: "explicit 'media=cdrom' is required for iso images"})
      }
    }

    const source = drive.properties.get('import-from')
    if (source !== undefined) checkImportSource(call, vmid, key, source)
  }

  const stateStorage = options['vmstatestorage']
  if (stateStorage !== undefined) call.check(`/storage/${stateStorage}`, 'Datastore.AllocateSpace')
}

function checkImportSource(call: Call, vmid: number, key: string, source: string): void {
  checkVolumeAccess(call, vmid, source)
  const volid = splitVolid(source)
  if (!volid) return
  const {content, vmid: owner} = parseVolumeName(storageConfig(call.world, volid.storage), volid.volname)
  if (content !== 'images' && content !== 'import') {
    paramError({[key]: `import-from: '${source}' has wrong type '${content}' - needs to be 'images' or 'import'`})
  }

  if (content === 'images' && owner !== undefined) {
    const guest = call.world.store.of('guests').get(owner)
    if (guest) {
      call.check(`/vms/${owner}`, 'VM.Clone')
      if (guest.node !== call.node) paramError({[key]: `owner VM ${owner} not found on node ${call.node}`})
    }
  }
}

/** What of a drive's options contradicts itself (reference 2.12). */
export function checkDriveOptions(options: Readonly<Record<string, number | string>>): void {
  for (const [key, value] of Object.entries(options)) {
    if (!isDriveKey(key)) continue
    const drive = parseDrive(value)
    if (drive.properties.get('import-from') === undefined) continue
    const disk = newDisk(drive)
    if (!disk || disk.gib !== 0) {
      paramError({
        [key]: `'import-from' requires special syntax - use <storage ID>:0,import-from=<source>`,
      })
    }

    const missing =
      key === 'efidisk0'
        ? ['efitype', 'pre-enrolled-keys'].find((name) => !drive.properties.has(name))
        : key === 'tpmstate0'
          ? ['version'].find((name) => !drive.properties.has(name))
          : undefined
    if (missing !== undefined) paramError({[key]: `${key} requires '${missing}' when using 'import-from'`})
  }
}

/** Bridges of zones the caller may not use. */
export function checkBridgeAccess(call: Call, options: GuestConfig): void {
  if (call.isRootPam) return
  for (const [key, value] of Object.entries(options)) {
    if (!/^net\d+$/.test(key)) continue
    const {properties} = parseNet(String(value))
    const bridge = properties.get('bridge')
    if (bridge === undefined) continue
    const vnet = call.world.store.of('sdn').get(`vnets/${bridge}`)
    const path = `/sdn/zones/${vnet?.['zone'] === undefined ? 'localnetwork' : String(vnet['zone'])}/${bridge}`
    const tags = [properties.get('tag'), ...(properties.get('trunks')?.split(';') ?? [])].filter(
      (tag) => tag !== undefined,
    )
    if (tags.length === 0) call.check(path, 'SDN.Use')
    for (const tag of tags) if (!call.has(path, 'SDN.Use')) call.check(`${path}/${tag}`, 'SDN.Use')
  }
}

/** @throws PveError 403 `Permission check failed (pool 'x' does not exist)` */
export function checkPoolExists(call: Call, pool: string): void {
  if (!call.world.store.of('pools').has(pool)) permissionError(`pool '${pool}' does not exist`)
}
