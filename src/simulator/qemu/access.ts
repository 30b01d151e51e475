import {checkGuestPrivileges, checkVolumeUse} from '../guest/access.js'
import {die, paramError} from '../kernel/pve-error.js'
import {hasContent, storageConfig} from '../storage/volumes.js'
import {parseVolumeName, splitVolid} from '../storage/volume-name.js'
import {isCdrom, newDisk, parseDrive} from './drives.js'
import {DRIVE_KEYS, isDriveKey, optionPrivileges} from './options.js'
import {parseProperties} from './property-string.js'

import type {Call} from '../kernel/call.js'

/** What the options to be set or deleted need (reference 2.3); the text for the rest is `only root can set 'x' config`. */
export function checkOptionAccess(call: Call, vmid: number, pool: string | undefined, keys: readonly string[]): void {
  if (call.isRootPam) return
  for (const key of keys) {
    const need = optionPrivileges(key)
    if (need === 'root') die(`only root can set '${key}' config`)
    if (need === 'elsewhere') continue
    if ('any' in need) checkGuestPrivileges(call, vmid, pool, need.any, true)
    else checkGuestPrivileges(call, vmid, pool, need.all)
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
  const hwType = (): void => checkGuestPrivileges(call, vmid, pool, ['VM.Config.HWType'])
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
      checkVolumeUse(call, vmid, drive.file)
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
  checkVolumeUse(call, vmid, source)
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
