import type {DiskLine} from '../../domain/guest-disks.js'
import type {NicLine} from '../../domain/guest-nics.js'
import {guestLabel} from '../../domain/guest.js'
import {formatSize} from '../../domain/size.js'
import type {DeviceAction, DeviceChange, DeviceFacts, DevicePlan} from '../../services/device-changes.js'

const PAST: Readonly<Record<DeviceAction, (key: string, guest: string) => string>> = {
  add: (key, guest) => `${key} added to ${guest}`,
  attach: (key, guest) => `${key} attached to ${guest}`,
  detach: (key, guest) => `${key} detached from ${guest}`,
  import: (key, guest) => `${key} imported into ${guest}`,
  move: (key, guest) => `${key} of ${guest} moved`,
  reassign: (key, guest) => `${key} of ${guest} given`,
  remove: (key, guest) => `${key} removed from ${guest}`,
  resize: (key, guest) => `${key} of ${guest} resized`,
  set: (key, guest) => `${key} of ${guest} set`,
}

/** What became of a disk or NIC, for people. */
export function changedText(change: DeviceChange): string {
  const {action, key} = change
  const label = guestLabel(change)
  if (change.upid !== undefined && change.task === undefined) return change.upid
  if (!change.changed) return `${key} of ${label} is so already${facts(change)}${restart(change)}`
  const warned = change.task?.outcome === 'warnings' ? `, with warnings (${change.task.exitStatus})` : ''
  return [`${PAST[action](key, label)}${facts(change)}${warned}`, ...remarks(change)].join('\n')
}

/** What `--dry-run` says. */
export function plannedText({action, changes, commands, facts: planned, guest, key}: DevicePlan): string {
  if (!changes) return `nothing to do: ${key} of ${guestLabel(guest)} is so already${facts(planned)}`
  return [
    `would ${action} ${key} of ${guestLabel(guest)} on ${guest.node}${facts(planned)}`,
    ...commands.map((command) => `  ${command}`),
  ].join('\n')
}

/** `local-lvm:vm-101-disk-1, 32 GiB at /data (ssd, discard=on)` */
export function diskText(disk: DiskLine): string {
  const size = disk.sizeBytes === undefined ? '' : `, ${formatSize(disk.sizeBytes)}`
  const path = disk.mountPath === undefined ? '' : ` at ${disk.mountPath}`
  const options = optionsText(disk.options)
  return `${disk.volume}${size}${path}${options === '' ? '' : ` (${options})`}`
}

/** `ssd, discard=on, backup=no` */
export function optionsText(options: DiskLine['options']): string {
  return Object.entries(options)
    .map(([name, value]) => (value === true ? name : `${name}=${value === false ? 'no' : value}`))
    .join(', ')
}

/** `virtio BC:24:11:00:00:01 on vmbr0, vlan 20, firewall` */
export function nicText(nic: NicLine): string {
  const parts = [
    [nic.model ?? nic.interface, nic.mac, nic.bridge === undefined ? undefined : `on ${nic.bridge}`]
      .filter((part) => part !== undefined)
      .join(' '),
    nic.vlan === undefined ? undefined : `vlan ${nic.vlan}`,
    nic.ip,
    nic.ip6,
    nic.firewall ? 'firewall' : undefined,
    nic.rateMegabytesPerSecond === undefined ? undefined : `${nic.rateMegabytesPerSecond} MB/s`,
    nic.linkDown ? 'link down' : undefined,
  ]
  return parts.filter((part) => part !== undefined && part !== '').join(', ')
}

function facts({disk, nic, previousSizeBytes, previousStorage, to, volume}: DeviceFacts): string {
  if (to !== undefined) {
    return ` to ${to.name ?? to.vmid} as ${to.key}${to.volume === undefined ? '' : `: ${to.volume}`}`
  }

  if (nic !== undefined) return `: ${nicText(nic.next ?? nic)}`
  if (disk === undefined) return volume === undefined ? '' : `: ${volume}`
  const before = previousSizeBytes === undefined ? '' : `, before ${formatSize(previousSizeBytes)}`
  const from = previousStorage === undefined || previousStorage === disk.storage ? '' : `, from ${previousStorage}`
  return `: ${diskText(disk.next ?? disk)}${before}${from}`
}

function restart({restartNeeded}: DeviceFacts): string {
  return restartNeeded === true ? '; it takes effect once the guest was stopped and started' : ''
}

/** What one has to know or do next. */
function remarks(change: DeviceChange): string[] {
  const {action, destroyed, keptAs, restartNeeded, type, volume} = change
  const command = `homelab proxmox ${type === 'qemu' ? 'vm' : 'lxc'}`
  const name = change.name ?? change.vmid
  return [
    ...(restartNeeded === true
      ? [`it takes effect once the guest was stopped and started, or with: ${command} reboot ${name}`]
      : []),
    ...(action === 'resize' && type === 'qemu'
      ? [
          'inside the VM, the partition and the file system on it may need growing, too (growpart, resize2fs, xfs_growfs)',
        ]
      : []),
    ...(keptAs === undefined
      ? []
      : [
          action === 'remove'
            ? `its volume is kept as ${keptAs}, for something still needs it`
            : `the ${action === 'move' ? 'old ' : ''}volume is kept as ${keptAs}; destroy it with: ${command} disk remove ${name} ${keptAs}`,
        ]),
    ...(destroyed === false && keptAs === undefined && volume !== undefined
      ? [`${volume} itself was left as it is`]
      : []),
  ]
}
