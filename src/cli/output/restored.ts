import {guestLabel} from '../../domain/guest.js'
import type {RestoreKind} from '../../domain/restore-plan.js'
import type {RestoredGuest} from '../../services/backup-restore-service.js'
import type {PreparedRestore} from '../../services/restore-preparation.js'

/** What `backup restore --dry-run` gives. */
export interface PlannedRestore {
  readonly dryRun: true
  readonly kind: RestoreKind
  readonly name: string
  readonly type: string
  readonly node: string
  readonly vmid?: number
  readonly source: {readonly volume: string; readonly time: string}
  readonly placement?: PreparedRestore['placement']
  /** What the server would be sent. */
  readonly parameters: Readonly<Record<string, boolean | number | string>>
  readonly unpluggedNics: readonly string[]
  readonly leftOutMounts: PreparedRestore['plan']['leftOut']
  readonly emptyVolumes: readonly string[]
  readonly warnings: readonly string[]
}

export function restorePlanOf(prepared: PreparedRestore): PlannedRestore {
  const {backup, kind, node, placement, plan, request, target, type, warnings} = prepared
  const vmid = target?.vmid ?? request.vmid
  return {
    dryRun: true,
    kind,
    name: plan.name,
    type,
    node,
    ...(vmid !== undefined && {vmid}),
    source: {volume: backup.volume, time: backup.time},
    ...(placement !== undefined && {placement}),
    parameters: plan.parameters,
    unpluggedNics: plan.unplugged,
    leftOutMounts: plan.leftOut,
    emptyVolumes: plan.emptied,
    warnings,
  }
}

/** What would happen, in order. */
export function restorePlanLines({backup, node, plan, request, running, target, type}: PreparedRestore): string[] {
  const vmid = request.vmid ?? 'with a free VMID'
  const start = request.start ?? (target !== undefined && running)
  const nics = plan.unplugged.length === 0 ? [] : [`${plan.unplugged.join(', ')}: cable pulled`]
  if (target === undefined) {
    const label = request.vmid === undefined ? plan.name : guestLabel({name: plan.name, type, vmid: request.vmid})
    const how = request.vmid === undefined ? ` ${vmid}` : ''
    return [
      `restore ${label}${how} on ${node} from ${backup.volume} (${backup.time})`,
      ...nics,
      ...(start ? ['start it'] : []),
    ]
  }

  return [
    ...(running ? [`stop ${guestLabel(target)} on ${node}`] : []),
    ...(request.safetyCopy ? [`back it up to ${backup.storage}`] : []),
    `overwrite it with ${backup.volume} (${backup.time}); its disks and snapshots of now are lost`,
    ...nics,
    ...(start ? ['start it'] : []),
  ]
}

export function restoredText(restored: RestoredGuest): string {
  const {leftOutMounts = [], node, safetyCopy, source, status, unpluggedNics = []} = restored
  return [
    `${guestLabel(restored)} on ${node} restored from ${source.volume}, ${status}`,
    ...(safetyCopy === undefined ? [] : [`what was there before: ${safetyCopy.volume}`]),
    ...unpluggedNics.map((key) => `${key} has its cable pulled; plug it in: ${nicCommand(restored, key)}`),
    ...leftOutMounts.map(({key, source: from}) => `${key} (${from} of the node) is left out`),
  ].join('\n')
}

function nicCommand({type, vmid}: RestoredGuest, key: string): string {
  return `homelab proxmox ${type === 'qemu' ? 'vm' : 'lxc'} nic set ${vmid} ${key} --link-up`
}
