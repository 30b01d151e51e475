/** A disk of a node's machine, as the node reports it. What it does not know is absent. */
export interface PhysicalDisk {
  readonly node: string
  /** `/dev/sda` */
  readonly device: string
  /** `ssd`, `hdd`, `nvme`, `usb`. */
  readonly type?: string
  readonly vendor?: string
  readonly model?: string
  readonly serial?: string
  readonly wwn?: string
  readonly sizeBytes?: number
  /** Revolutions a minute, of what turns. */
  readonly rpm?: number
  /** What SMART says: `PASSED`, `OK`, `FAILED!`, `UNKNOWN`. */
  readonly health?: string
  /** How much of its life is used up, 0..1; solid-state disks only. */
  readonly wearFraction?: number
  /** What it is used for: `LVM`, `ZFS`, `ext4`, `partitions`, …; absent: nothing. */
  readonly usage?: string
  readonly mounted?: boolean
  /** The numbers of the Ceph OSDs on it. */
  readonly osds?: readonly number[]
}
