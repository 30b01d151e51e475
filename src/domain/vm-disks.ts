const DISK_KEY = /^(?:ide[0-3]|sata[0-5]|scsi\d+|virtio\d+)$/

function isDisk(config: Readonly<Record<string, unknown>>, key: string): boolean {
  const value = config[key]
  return DISK_KEY.test(key) && typeof value === 'string' && !/(?:^none\b|media=cdrom|cloudinit)/.test(value)
}

/**
 * The key of the disk that a VM boots from, as `scsi0`: the first disk in its boot order, the old `bootdisk`, or its only disk.
 * Undefined when none of these tells.
 */
export function bootDisk(config: Readonly<Record<string, unknown>>): string | undefined {
  const order = /(?:^|,)order=([^,]*)/.exec(String(config['boot'] ?? ''))?.[1]?.split(';') ?? []
  const listed = [...order, String(config['bootdisk'] ?? '')].find((key) => isDisk(config, key))
  if (listed !== undefined) return listed
  const disks = Object.keys(config).filter((key) => isDisk(config, key))
  return disks.length === 1 ? disks[0] : undefined
}

/** The storages that a VM's disks lie on; CD-ROMs and the cloud-init drive, which is made anew, do not count. */
export function diskStorages(config: Readonly<Record<string, unknown>>): string[] {
  const volumes = Object.entries(config).filter(([key]) => isDisk(config, key) || /^(?:efidisk|tpmstate)0$/.test(key))
  return [...new Set(volumes.map(([, value]) => String(value).split(':', 1)[0] ?? ''))]
}

/** `net0` with another bridge; all else as it was. */
export function withBridge(net: string, bridge: string): string {
  return /(?:^|,)bridge=/.test(net) ? net.replace(/(^|,)bridge=[^,]*/, `$1bridge=${bridge}`) : `${net},bridge=${bridge}`
}
