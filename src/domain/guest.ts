/** Proxmox calls VMs `qemu` and containers `lxc` in paths and lists. */
export type GuestType = 'lxc' | 'qemu'

/** `paused` and `suspended` are seen only for QEMU guests; `unknown` means that the node has not reported the guest for five minutes. */
export type GuestStatus = 'paused' | 'running' | 'stopped' | 'suspended' | 'unknown'

/** A VM, a container or a template, as `/cluster/resources` shows it. What Proxmox did not report is absent. */
export interface Guest {
  readonly vmid: number
  readonly name?: string
  readonly type: GuestType
  readonly node: string
  readonly status: GuestStatus
  readonly template: boolean
  readonly tags: readonly string[]
  readonly pool?: string
  readonly lock?: string
  readonly haState?: string
  readonly cpus?: number
  /** Share of the guest's own CPUs in use, 0..1. */
  readonly cpuUsage?: number
  /** Configured memory. */
  readonly memoryBytes?: number
  readonly memoryUsedBytes?: number
  /** Size of the boot disk (VM) or root file system (container). */
  readonly diskBytes?: number
  readonly diskUsedBytes?: number
  readonly netInBytes?: number
  readonly netOutBytes?: number
  readonly uptimeSeconds?: number
}

/** What people call it: `VM` or `container`; `guest` where it may be either. */
export function guestNoun(type: GuestType | undefined): string {
  return type === undefined ? 'guest' : type === 'qemu' ? 'VM' : 'container'
}

/** `web (VM 101)`, or `VM 101` where Proxmox knows no name. */
export function guestLabel(guest: Pick<Guest, 'name' | 'type' | 'vmid'>): string {
  const numbered = `${guestNoun(guest.type)} ${guest.vmid}`
  return guest.name === undefined ? numbered : `${guest.name} (${numbered})`
}

/** The order of listings: by VMID. Proxmox's own order is that of a hash. */
export function byVmid(a: Guest, b: Guest): number {
  return a.vmid - b.vmid
}

/** Tags come as one text, separated by `;`, `,` or blanks (reference 2.1). */
export function parseTags(text: string | undefined): string[] {
  return (text ?? '').split(/[;,\s]+/).filter((tag) => tag !== '')
}

/** The guests that a name or VMID means. A number means a VMID first; only without such a guest does it mean a name. */
export function guestsCalled<G extends Pick<Guest, 'name' | 'vmid'>>(guests: readonly G[], nameOrId: string): G[] {
  const byId = /^[1-9]\d*$/.test(nameOrId) ? guests.filter((guest) => guest.vmid === Number(nameOrId)) : []
  return byId.length > 0 ? byId : guests.filter((guest) => guest.name === nameOrId)
}
