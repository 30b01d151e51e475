import {lockMeaning} from './guest-lock.js'
import type {GuestType} from './guest.js'

/** What is known of a failure: the code of its reason, and what its text named. */
export interface CauseFacts {
  readonly reason: string
  readonly details: Readonly<Record<string, unknown>>
  /** What to do, as the failure itself says it. */
  readonly hint?: string
  readonly upid: string
  readonly node: string
  readonly taskType: string
  /** The guest that it is about, where there is one. */
  readonly guest?: {readonly vmid: number; readonly type?: GuestType; readonly lock?: string}
}

/** Why a task did not go well, and what comes next. */
export interface TaskCause {
  readonly reason: string
  /** A sentence. */
  readonly cause: string
  /** The next command. */
  readonly next?: string
}

interface Entry {
  readonly cause: string | ((facts: CauseFacts) => string)
  readonly next?: (facts: CauseFacts) => string | undefined
}

const STATUS = (): string => 'homelab proxmox cluster status'
const NODES = (): string => 'homelab proxmox node list'
const LOG = ({upid}: CauseFacts): string => `homelab proxmox task log ${upid}`
const RUNNING = ({node}: CauseFacts): string => `homelab proxmox task list --running --node ${node}`
const STORAGES = ({node}: CauseFacts): string => `homelab proxmox storage list --node ${node}`
const show = (facts: CauseFacts): string | undefined => guestCommand(facts, (noun, vmid) => `${noun} show ${vmid}`)

/** By the reasons that failures have: one place says what a text means, this one what that means for the task. */
const CAUSES: Readonly<Record<string, Entry>> = {
  'no-quorum': {cause: 'Too few nodes of the cluster were up to agree on a change.', next: STATUS},
  'cluster-files-read-only': {
    cause: 'The cluster had no quorum, so its configuration could not be written.',
    next: STATUS,
  },
  'vmid-taken': {
    cause: ({details}) => `The VMID ${text(details.vmid)} was taken by another guest meanwhile.`,
    next: show,
  },
  'guest-locked': {
    cause: ({details}) => `The guest was locked (${text(details.lock)}): ${lockMeaning(text(details.lock))}.`,
    next: (facts) => guestCommand(facts, (noun, vmid) => `${noun} unlock ${vmid} --dry-run`),
  },
  'lock-timeout': {cause: 'Another task held a lock for longer than this one waits.', next: RUNNING},
  'digest-changed': {cause: 'Somebody else changed the same configuration at the same time.', next: show},
  'guest-protected': {cause: 'The guest is protected from being removed.', next: show},
  'volume-protected': {cause: ({details}) => `The backup ${text(details.volume)} is protected from being removed.`},
  'guest-not-there': {
    cause: 'The guest was not, or no longer, on the node: it was deleted or has moved.',
    next: show,
  },
  'guest-unknown': {
    cause: ({details}) => `There is no guest ${text(details.vmid)} any more, but the backup names it.`,
    next: () => 'homelab proxmox job list',
  },
  'node-unknown': {
    cause: 'The node it was to work with is not in the cluster, or its name has no address.',
    next: NODES,
  },
  'already-running': {cause: 'The guest ran already.', next: show},
  'not-running': {cause: 'The guest did not run.', next: show},
  'is-running': {cause: 'The guest runs, and this is only possible while it is stopped.', next: show},
  'is-paused': {
    cause: 'The VM is paused.',
    next: (facts) => guestCommand(facts, (noun, vmid) => `${noun} resume ${vmid}`),
  },
  'is-template': {cause: 'It is a template, and those do not run.', next: () => 'homelab proxmox template list'},
  'guest-too-slow': {
    cause: 'The guest did not react in time: nothing in it answers to the power button, or it hangs.',
    next: (facts) => guestCommand(facts, (noun, vmid) => `${noun} console ${vmid}`),
  },
  'node-too-slow': {cause: 'The node gave up waiting for something: a busy disk, a storage, or QEMU.', next: show},
  'linked-clones-exist': {cause: 'Other guests are linked clones of it and live on its disks.', next: show},
  'local-storage': {cause: 'Its disks are on storage that the other node does not have.', next: show},
  'storage-not-on-node': {
    cause: ({details}) => `The storage ${text(details.storage)} is not set up for the node ${text(details.node)}.`,
    next: ({details}) => `homelab proxmox storage show ${text(details.storage)}`,
  },
  'storage-disabled': {
    cause: ({details}) => `The storage ${text(details.storage)} is disabled.`,
    next: ({details}) => `homelab proxmox storage show ${text(details.storage)}`,
  },
  'storage-unknown': {cause: ({details}) => `There is no storage ${text(details.storage)}.`, next: STORAGES},
  'storage-content': {cause: 'The storage is not set up for this kind of content.', next: STORAGES},
  'storage-full': {cause: 'There was no space left.', next: STORAGES},
  'storage-not-online': {cause: 'The node did not reach the storage.', next: STORAGES},
  'storage-feature': {cause: 'The storage of one of its disks cannot do this.', next: show},
  'volume-missing': {
    cause: ({details}) => `The volume ${text(details.volume)} is not there.`,
    next: ({details, node}) => `homelab proxmox storage content ${text(details.volume).split(':')[0]} --node ${node}`,
  },
  'newer-snapshots': {cause: 'This storage goes back to the newest snapshot only, and there are newer ones.'},
  'disk-shrink': {cause: 'A disk can only grow.', next: show},
  'checksum-mismatch': {
    cause: 'What arrived is not what was announced: the file was damaged, or the checksum is of another one.',
  },
  'local-disks': {cause: 'The VM runs, and its disks are on storage of its node.', next: show},
  'local-cdrom': {cause: "An ISO image of its node is in the VM's drive.", next: show},
  'local-devices': {cause: 'The VM uses devices of its node.', next: show},
  'bind-mount': {cause: 'A folder of its node is mounted in the container.', next: show},
  'no-live-migration': {cause: 'Containers cannot move while they run.', next: show},
  'target-unreachable': {cause: 'The other node could not be reached by SSH.', next: NODES},
  'bridge-missing': {cause: 'A bridge that one of its NICs is connected to is not there on the node.', next: show},
  'qemu-start-failed': {cause: 'QEMU did not start; its own words stand above.', next: show},
  'no-efi-disk': {
    cause: 'The VM boots with UEFI and has no disk for its settings: they are lost whenever it stops.',
    next: show,
  },
  'wrong-backup': {cause: 'It is a backup of the other kind of guest.'},
  'restore-incomplete': {cause: 'The restore broke off, and what there is of the guest was left as it is.', next: show},
  'archive-unreadable': {cause: 'The archive could not be unpacked: it is damaged, or not what its name says.'},
  'root-only': {cause: 'Only root@pam with its password may do this; no token may, not even one of root@pam.'},
  'program-failed': {cause: 'A program on the node failed; what it said stands above.', next: LOG},
  'task-stopped': {
    cause: 'Somebody stopped the task, or its node was shut down. What it had done until then may be half finished.',
    next: show,
  },
  'task-died': {
    cause:
      'The task ended without a word: its node lost power or was restarted, or its process was killed (as when memory runs out). What it was doing stays half finished.',
    next: (facts) =>
      facts.guest?.lock === undefined
        ? (show(facts) ?? NODES())
        : guestCommand(facts, (noun, vmid) => `${noun} unlock ${vmid} --dry-run`),
  },
}

/** The cause, where it is a known one. */
export function causeOf(facts: CauseFacts): TaskCause | undefined {
  const entry = CAUSES[facts.reason]
  const cause = typeof entry?.cause === 'function' ? entry.cause(facts) : (entry?.cause ?? facts.hint)
  if (cause === undefined) return undefined
  const next = entry?.next?.(facts)
  return {reason: facts.reason, cause, ...(next !== undefined && {next})}
}

/** The reasons that this table explains, for its test. */
export function explainedReasons(): string[] {
  return Object.keys(CAUSES)
}

function guestCommand({guest}: CauseFacts, words: (noun: string, vmid: number) => string): string | undefined {
  return guest?.type === undefined
    ? undefined
    : `homelab proxmox ${words(guest.type === 'qemu' ? 'vm' : 'lxc', guest.vmid)}`
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
