/** What sets each lock, and what it leaves when it is cut off (reference 2.9). */
const MEANINGS: Readonly<Record<string, string>> = {
  backup: 'a backup is under way, or was cut off',
  clone: 'it is being cloned into being, or that was cut off: then it is incomplete, and better deleted',
  create: 'it is being made or restored, or that was cut off: then it is incomplete, and better deleted',
  destroyed: 'its deletion was cut off: delete it again',
  disk: 'it is being cloned or a disk of it is being changed, or that was cut off',
  fstrim: 'its free space is being given back, or that was cut off',
  import: 'it is being imported, or that was cut off: then it is incomplete, and better deleted',
  migrate: 'it is moving to another node, or that was cut off: check on which node its disks are',
  mounted: 'its file system is mounted on the node: unmount it there with "pct unmount"',
  rollback: 'it goes back to a snapshot, or that was cut off: then its disks may be half old and half new',
  snapshot: 'a snapshot is being taken, or that was cut off: then delete that snapshot',
  'snapshot-delete': 'a snapshot is being deleted, or that was cut off: then delete it again',
  suspended: 'it is hibernated: resume it, and the lock goes with that',
  suspending: 'it is being hibernated, or that was cut off',
}

/** What a lock means, as the end of a sentence. */
export function lockMeaning(lock: string): string {
  return MEANINGS[lock] ?? 'something is under way with it, or was cut off'
}
