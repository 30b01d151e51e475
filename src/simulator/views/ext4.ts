const BLOCK = 4096
const BLOCKS_PER_GROUP = 32_768
const INODE_BYTES = 256
/** Group descriptors in one block. */
const DESCRIPTORS_PER_BLOCK = 64
/** A new file system can grow to so many times its size without moving anything. */
const GROWTH = 1024
/** Below this a file system gets an inode per 4 KiB, above one per 16 KiB. */
const SMALL_BYTES = 512 * 1024 ** 2
/** Blocks of the journal by size of the file system in blocks. */
const JOURNALS: readonly (readonly [below: number, blocks: number])[] = [
  [2048, 0],
  [32_768, 1024],
  [256 * 1024, 4096],
  [512 * 1024, 8192],
  [4096 * 1024, 16_384],
  [8192 * 1024, 32_768],
  [16_384 * 1024, 65_536],
  [32_768 * 1024, 131_072],
]
const LARGEST_JOURNAL = 262_144

interface Geometry {
  readonly blocks: number
  readonly groups: number
  readonly inodes: number
}

function geometry(bytes: number): Geometry {
  const blocks = Math.floor(bytes / BLOCK)
  const groups = Math.max(1, Math.ceil(blocks / BLOCKS_PER_GROUP))
  const wanted = Math.floor(bytes / (bytes < SMALL_BYTES ? 4096 : 16_384))
  const perBlock = BLOCK / INODE_BYTES
  const perGroup = Math.ceil(Math.ceil(wanted / groups) / perBlock) * perBlock
  return {blocks, groups, inodes: perGroup * groups}
}

/** Groups with a copy of the superblock: 0, 1, and the powers of 3, 5 and 7. */
function backupGroups(groups: number): readonly number[] {
  const found = new Set([0, 1])
  for (const base of [3, 5, 7]) for (let power = base; power < groups; power *= base) found.add(power)
  return [...found].filter((group) => group < groups).sort((a, b) => a - b)
}

/** Bytes a new ext4 file system on a volume of that size offers: without its tables and its journal. */
export function ext4Capacity(bytes: number): number {
  const {blocks, groups, inodes} = geometry(bytes)
  const descriptors = Math.ceil(groups / DESCRIPTORS_PER_BLOCK)
  const reserved = Math.min(
    BLOCK / 4,
    Math.ceil(Math.ceil((blocks * GROWTH) / BLOCKS_PER_GROUP) / DESCRIPTORS_PER_BLOCK) - descriptors,
  )
  const tables =
    (inodes * INODE_BYTES) / BLOCK + 2 * groups + backupGroups(groups).length * (1 + descriptors + reserved)
  const journal = JOURNALS.find(([below]) => blocks < below)?.[1] ?? LARGEST_JOURNAL
  return Math.max(0, (blocks - tables - journal) * BLOCK)
}

/** What mkfs.ext4 prints. */
export function ext4LogLines(bytes: number, uuid: string): readonly string[] {
  const {blocks, groups, inodes} = geometry(bytes)
  const backups = backupGroups(groups)
    .slice(1)
    .map((group) => String(group * BLOCKS_PER_GROUP))
  const lines: string[] = []
  for (const block of backups) {
    const last = lines.at(-1)
    if (last === undefined) lines.push(`\t${block}`)
    else if (`${last}, ${block}`.length < 72) lines[lines.length - 1] = `${last}, ${block}`
    else {
      lines[lines.length - 1] = `${last}, `
      lines.push(`\t${block}`)
    }
  }

  return [
    `Creating filesystem with ${blocks} 4k blocks and ${inodes} inodes`,
    `Filesystem UUID: ${uuid}`,
    ...(lines.length > 0 ? ['Superblock backups stored on blocks: ', ...lines] : []),
  ]
}
