import {guestLabel} from '../../domain/guest.js'
import {differenceLines} from '../../domain/guest-config.js'
import type {ConfigChange} from '../../services/config-service.js'

/** What became of a configuration, for people: what is different, and what it takes to make it so. */
export function changedSentence(changed: ConfigChange, past: string): string {
  const label = `${guestLabel(changed)} on ${changed.node}`
  if (!changed.changed) return `${label} is so already`
  if (changed.upid !== undefined) return changed.upid
  const noun = changed.type === 'qemu' ? 'vm' : 'lxc'
  const name = changed.name ?? changed.vmid
  const warned = changed.task?.outcome === 'warnings' ? ` with warnings (${changed.task.exitStatus})` : ''
  return [
    `${label} ${past}${warned}:`,
    ...differenceLines(changed.changes).map((line) => `  ${line}`),
    ...(changed.pendingRestart === undefined
      ? []
      : [`${changed.pendingRestart.join(', ')} will be so after a restart: homelab proxmox ${noun} reboot ${name}`]),
    ...(changed.noCloudInitDrive === true
      ? [
          `It has no cloud-init drive that would tell the guest: homelab proxmox vm config set ${name} ide2=STORAGE:cloudinit`,
        ]
      : []),
    ...(changed.pendingCloudInit === true
      ? [
          `The cloud-init drive still has the old values, until: homelab proxmox vm cloudinit regenerate ${name}; the guest reads it when it starts`,
        ]
      : []),
  ].join('\n')
}
