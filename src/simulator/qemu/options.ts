import type {PropertySchema} from '../../schema/schema.js'
import type {ParamValue} from '../kernel/call.js'
import type {World} from '../kernel/world.js'

/** Parameters of the create call that are no options of a VM. */
const NOT_OPTIONS = new Set([
  'archive',
  'bwlimit',
  'cdrom',
  'force',
  'ha-managed',
  'import-working-storage',
  'live-restore',
  'node',
  'pool',
  'start',
  'storage',
  'unique',
  'vmid',
])
/** How many of an indexed option there may be. */
const INDEX_LIMITS: Readonly<Record<string, number>> = {
  hostpci: 16,
  ide: 4,
  ipconfig: 32,
  net: 32,
  numa: 8,
  parallel: 3,
  sata: 6,
  scsi: 31,
  serial: 4,
  unused: 256,
  usb: 14,
  virtio: 16,
  virtiofs: 10,
}
const INTERNAL = new Set(['parent', 'runningcpu', 'runningmachine', 'vmstate', 'meta', 'digest', 'snaptime'])

const CREATE = '/nodes/{node}/qemu'

/** The description of a VM's option, from the create call; undefined if there is no such option. */
export function optionSchema(world: World, key: string): PropertySchema | undefined {
  const properties = world.schema.find('POST', CREATE)?.parameters.properties ?? {}
  const indexed = /^([a-z]+)(\d+)$/.exec(key)
  if (indexed && Number(indexed[2]) < (INDEX_LIMITS[indexed[1]!] ?? 0)) {
    const schema = properties[`${indexed[1]}[n]`]
    if (schema) return schema
  }

  return NOT_OPTIONS.has(key) ? undefined : properties[key]
}

/** Whether a VM's configuration file may have such a line. */
export function optionExists(world: World, key: string): boolean {
  return optionSchema(world, key) !== undefined || INTERNAL.has(key)
}

/** A parameter as the configuration file holds it: integers and booleans are numbers, everything else is text. */
export function configValue(world: World, key: string, value: ParamValue): number | string {
  const type = optionSchema(world, key)?.type
  if (type === 'boolean') return ['', '0', 'false'].includes(String(value)) ? 0 : 1
  return type === 'integer' ? Number(value) : String(value)
}

/** The options among the parameters of a call. */
export function optionParams(
  world: World,
  params: Readonly<Record<string, ParamValue>>,
): Record<string, number | string> {
  const options: Record<string, number | string> = {}
  for (const [key, value] of Object.entries(params)) {
    if (key === 'cdrom') options['ide2'] ??= String(value)
    else if (optionSchema(world, key)) options[key] = configValue(world, key, value)
  }

  return options
}

/** The privileges an option of a group needs on the VM. */
const PRIVILEGES: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    'VM.Config.CPU': 'cores cpu cpulimit cpuunits numa smp sockets vcpus',
    'VM.Config.Memory': 'memory balloon shares',
    'VM.Config.HWType': 'acpi hotplug kvm machine scsihw smbios1 tablet vga watchdog audio0',
    'VM.Config.Options':
      'agent autostart bios description keyboard localtime migrate_downtime migrate_speed name onboot ostype protection reboot startdate startup tdf template',
    'VM.PowerMgmt': 'freeze',
    'VM.Config.Disk': 'boot bootdisk vmstatestorage',
  }).flatMap(([privilege, names]) => names.split(' ').map((name) => [name, [privilege]] as const)),
)
const CLOUDINIT_NAMES = new Set(
  'cicustom cipassword citype ciuser ciupgrade nameserver searchdomain sshkeys'.split(' '),
)

/** What setting or deleting an option takes: privileges (all of them, or any), nothing here, or being root@pam. */
export function optionPrivileges(
  key: string,
): {readonly all: readonly string[]} | {readonly any: readonly string[]} | 'elsewhere' | 'root' {
  // what these need depends on their values
  if (isDriveKey(key) || key === 'tags' || /^(?:unused|serial|usb|hostpci|virtiofs)\d+$/.test(key)) return 'elsewhere'
  if (/^numa\d+$/.test(key)) return {all: ['VM.Config.CPU']}
  if (/^net\d+$/.test(key)) return {all: ['VM.Config.Network']}
  if (isCloudInitKey(key)) return {any: ['VM.Config.Cloudinit', 'VM.Config.Network']}
  if (key === 'vmstate') return {all: ['VM.Config.Disk', 'VM.PowerMgmt']}
  const all = PRIVILEGES.get(key)
  return all ? {all} : 'root'
}

/** Options a cloud-init drive is made of. */
export function isCloudInitKey(key: string): boolean {
  return CLOUDINIT_NAMES.has(key) || /^ipconfig\d+$/.test(key)
}

const DRIVE_COUNTS = [
  ['ide', 4],
  ['scsi', 31],
  ['virtio', 16],
  ['sata', 6],
] as const
/** Every key a drive can have, in the order Proxmox VE looks at them. */
export const DRIVE_KEYS: readonly string[] = [
  ...DRIVE_COUNTS.flatMap(([bus, count]) => Array.from({length: count}, (_, index) => `${bus}${index}`)),
  'efidisk0',
  'tpmstate0',
]
const DRIVE_SET = new Set(DRIVE_KEYS)

export function isDriveKey(key: string): boolean {
  return DRIVE_SET.has(key)
}

const FAST_PLUG = new Set(
  'description hookscript lock migrate_downtime migrate_speed name onboot protection shares startup tags vmstatestorage'.split(
    ' ',
  ),
)

/** Options that mean nothing to a running QEMU and so are changed at once. */
export function isFastPlugKey(key: string): boolean {
  return FAST_PLUG.has(key) || isCloudInitKey(key)
}
