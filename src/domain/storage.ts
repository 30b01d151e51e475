/** A storage as one node sees it: `/cluster/resources` has an entry per node, for shared ones too. */
export interface NodeStorage {
  readonly storage: string
  readonly node: string
  readonly available: boolean
  readonly shared: boolean
  readonly type?: string
  readonly content: readonly string[]
  readonly totalBytes?: number
  readonly usedBytes?: number
}

/** Whether a guest's disks may be kept there: content `images` for VMs, `rootdir` for containers. */
export function holdsDisksOf(storage: NodeStorage, type: 'lxc' | 'qemu'): boolean {
  return storage.content.includes(type === 'qemu' ? 'images' : 'rootdir')
}
