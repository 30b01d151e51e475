import type {FailureKind} from '../domain/failure.js'

/** What one of Proxmox VE's texts means. */
export interface Meaning {
  readonly kind: FailureKind
  /** `reason` is a word for programs; the rest names what the text is about. */
  readonly details: {readonly reason: string} & Readonly<Record<string, unknown>>
  readonly hint?: string
}

interface Rule {
  readonly pattern: RegExp
  readonly kind: FailureKind
  readonly reason: string
  /** From the pattern's named groups; `vmid` becomes a number. */
  readonly hint?: string | ((found: Readonly<Record<string, string>>) => string)
}

const SEE_STATUS = 'See who is online and whether there is a quorum: homelab proxmox cluster status'
const AGAIN = 'Someone else is working on it. Try again in a moment'

/**
 * Proxmox VE says what went wrong in sentences only, with status 500 or as a task's exit status (reference 2.9, 2.11 to 2.14, 5). The first rule that
 * matches counts, so the special stands before the general: a lock that failed for want of a quorum is about the quorum.
 */
const RULES: readonly Rule[] = [
  // Quorum: reads go on, writes fail in one of three ways.
  {
    pattern: /cluster not ready - no quorum\?|error: no quorum!/,
    kind: 'no-quorum',
    reason: 'no-quorum',
    hint: SEE_STATUS,
  },
  {
    pattern: /unable to open file '\/etc\/pve\/.*' - Permission denied/,
    kind: 'no-quorum',
    reason: 'cluster-files-read-only',
    hint: SEE_STATUS,
  },

  // A VMID that someone else was quicker to take. The type of the holder is not always said.
  {
    pattern:
      /atomic file '\/etc\/pve\/nodes\/(?<node>[^/]+)\/(?:qemu-server|lxc)\/(?<vmid>\d+)\.conf' failed: File exists/,
    kind: 'vmid-conflict',
    reason: 'vmid-taken',
    hint: takenHint,
  },
  {
    pattern: /unable to create (?:VM|CT) (?<vmid>\d+): config file already exists/,
    kind: 'vmid-conflict',
    reason: 'vmid-taken',
    hint: takenHint,
  },
  {
    pattern: /(?<holder>VM|CT) (?<vmid>\d+) already exists(?: on node '(?<node>[^']+)')?/,
    kind: 'vmid-conflict',
    reason: 'vmid-taken',
    hint: takenHint,
  },
  {
    pattern: /unable to get any free VMID in range/,
    kind: 'no-capacity',
    reason: 'no-free-vmid',
    hint: "Widen the datacenter's next-id range, or name a VMID yourself with --vmid",
  },

  // Locks: of the configuration, of its file, of the cluster.
  {
    pattern: /\b(?<holder>VM|CT) is locked \((?<lock>[^)]+)\)/,
    kind: 'locked',
    reason: 'guest-locked',
    hint: ({holder, lock}) =>
      `A ${lock} is under way, or was cut off. See what runs: homelab proxmox task list; what a lock that was left behind means and how it goes away: homelab proxmox ${holder === 'CT' ? 'lxc' : 'vm'} unlock NAME`,
  },
  {
    pattern: /can't lock file '.*' - got timeout|can't (?:aquire|acquire) lock|got lock timeout/,
    kind: 'locked',
    reason: 'lock-timeout',
    hint: AGAIN,
  },
  {
    pattern: /cfs-lock '(?<lock>[^']+)' error: got lock request timeout/,
    kind: 'locked',
    reason: 'lock-timeout',
    hint: AGAIN,
  },

  // Two who change the same thing.
  {
    pattern:
      /checksum mismatch \(file change by other user\?\)|detected modified configuration - file changed by other user\?/,
    kind: 'digest-changed',
    reason: 'digest-changed',
    hint: 'It was changed meanwhile. Look at it again, and repeat the change if it is still wanted',
  },

  // Protection.
  {
    pattern: /protection mode enabled/,
    kind: 'protected',
    reason: 'guest-protected',
    hint: 'It is protected from being removed. Switch the protection off in its options first',
  },
  {
    pattern: /cannot remove protected volume '(?<volume>[^']+)'/,
    kind: 'protected',
    reason: 'volume-protected',
    hint: 'Take the protection off the backup first',
  },

  // Guests that are not where they were looked for. Deleted and moved away are told in the same words.
  {
    pattern: /Configuration file 'nodes\/(?<node>[^/]+)\/(?:qemu-server|lxc)\/(?<vmid>\d+)\.conf' does not exist/,
    kind: 'not-found',
    reason: 'guest-not-there',
    hint: goneHint,
  },
  {
    pattern: /unable to find configuration file for (?:VM|CT) (?<vmid>\d+) on node '(?<node>[^']+)'/,
    kind: 'not-found',
    reason: 'guest-not-there',
    hint: goneHint,
  },
  {
    pattern:
      /hostname lookup '(?<node>[^']+)' failed|no such cluster node '(?<node2>[^']+)'|unknown node '(?<node3>[^']+)'/,
    kind: 'not-found',
    reason: 'node-unknown',
    hint: 'See which nodes there are: homelab proxmox node list',
  },
  {
    pattern: /no such task/,
    kind: 'not-found',
    reason: 'task-unknown',
    hint: 'See which tasks there are: homelab proxmox task list',
  },

  // States that don't fit.
  {pattern: /\b(?:VM|CT) (?<vmid>\d+) already running/, kind: 'conflict', reason: 'already-running'},
  {
    pattern: /\b(?:VM|CT) (?<vmid>\d+) (?:is )?not running/,
    kind: 'conflict',
    reason: 'not-running',
  },
  {
    pattern:
      /is running - destroy failed|container is running|\bvm is running|overwrite running container|can't migrate running/,
    kind: 'conflict',
    reason: 'is-running',
    hint: ({input}) =>
      /migrate/.test(input ?? '')
        ? 'Migrate it online, or shut it down first'
        : 'Stop it first, or delete it with --force',
  },
  {pattern: /VM is paused/, kind: 'conflict', reason: 'is-paused', hint: 'Resume it first'},
  {
    pattern: /can't (?:start|convert|take) a .*template/,
    kind: 'conflict',
    reason: 'is-template',
    hint: 'A template does not run. Create a guest from it: homelab proxmox vm create NAME TEMPLATE',
  },
  // The guest agent: three ways not to answer, and what it says itself (reference 2.12).
  {
    pattern: /No QEMU guest agent configured/,
    kind: 'conflict',
    reason: 'agent-not-configured',
    hint: 'Switch the agent on in the options of the VM (agent=1), install qemu-guest-agent in it, and stop and start it',
  },
  {
    pattern: /QEMU guest agent is not running/,
    kind: 'conflict',
    reason: 'agent-not-answering',
    hint: 'Nobody answers in the VM: it is booting or paused, or qemu-guest-agent is not installed or does not run there',
  },
  {
    pattern: /qga command '(?<command>[\w-]+)' failed - got timeout/,
    kind: 'conflict',
    reason: 'agent-fell-silent',
    hint: 'The agent took the request and did not answer in time. See whether it still answers: homelab proxmox vm agent ping',
  },
  {
    pattern: /for data too large/,
    kind: 'not-supported',
    reason: 'request-too-large',
    hint: 'This server takes requests of 64 KiB only; those of Proxmox VE 8.4 and later take eight times as much. Send less at once, or copy it over SSH',
  },
  {
    pattern: /agent is in frozen state/,
    kind: 'conflict',
    reason: 'agent-frozen',
    hint: 'The file systems of the VM are frozen, and its agent does nothing else. Thaw them: homelab proxmox vm agent fsfreeze thaw',
  },
  {
    pattern: /[Cc]ommand (?<command>guest-[\w-]+) has (?:been disabled|not been found)/,
    kind: 'not-supported',
    reason: 'agent-command-disabled',
    hint: ({command}) =>
      `The agent in the VM does not offer ${command}: it is too old, or its configuration (BLOCK_RPCS or ALLOW_RPCS of qemu-ga) forbids it`,
  },
  {
    pattern: /Failed to execute child process .*\(No such file or directory\)/,
    kind: 'not-found',
    reason: 'no-such-program',
    hint: 'There is no such program in the guest. No shell is involved: pipes, variables and built-in commands need --shell',
  },
  {
    pattern: /Failed to execute child process .*\(Permission denied\)/,
    kind: 'permission',
    reason: 'program-not-executable',
    hint: 'The file in the guest is not executable',
  },
  {
    pattern: /failed to open file '(?<path>.*)' \(mode: '\w+'\): No such file or directory/,
    kind: 'not-found',
    reason: 'no-such-file',
    hint: 'There is no such file or folder in the guest. Give the whole path, from the root',
  },
  {
    pattern: /failed to open file '(?<path>.*)' \(mode: '\w+'\): Permission denied/,
    kind: 'permission',
    reason: 'file-not-permitted',
    hint: 'The agent may not open this file; a security policy such as SELinux may keep it from it',
  },
  {
    pattern: /failed to open file '(?<path>.*)' \(mode: '\w+'\)/,
    kind: 'conflict',
    reason: 'file-not-opened',
    hint: 'The agent can only open files; give the whole path, from the root',
  },
  {
    pattern: /PID (?<pid>\d+) does not exist/,
    kind: 'not-found',
    reason: 'process-unknown',
    hint: 'The agent tells how a command ended only once, and forgets it when it is restarted',
  },
  {
    pattern: /(?:quit|powerdown|shutdown)\S* failed - got timeout$/,
    kind: 'task-failed',
    reason: 'guest-too-slow',
    hint: 'The guest did not react in time. Give it longer with --grace, or add --force to stop it hard then',
  },
  {
    pattern: /got timeout$/,
    kind: 'task-failed',
    reason: 'node-too-slow',
    hint: 'The node gave up waiting for something: a busy disk, a storage, or QEMU. See what keeps it busy, and try again',
  },

  {
    pattern: /can't change value of fixed parameter '(?<option>[^']+)'/,
    kind: 'refused',
    reason: 'storage-option-fixed',
    hint: 'It is fixed once the storage is added. Add another one with the right value, or remove this one and add it again: what lies there stays',
  },

  // In use.
  {
    pattern: /is still in use by linked clone/,
    kind: 'conflict',
    reason: 'linked-clones-exist',
    hint: 'Linked clones live on its disks. Delete them first, or give them disks of their own by moving those',
  },
  {
    pattern: /used in HA resources and purge parameter not set/,
    kind: 'conflict',
    reason: 'used-by-ha',
    hint: 'Take it out of the high-availability resources first, or delete it with --purge',
  },
  {
    pattern: /is not empty|is (?:already )?used by|belongs already to|is already a pool member/,
    kind: 'conflict',
    reason: 'in-use',
  },

  // Storage.
  {
    pattern: /can't clone (?:VM|CT) to node '(?<node>[^']+)' \((?:VM|CT) uses local storage\)/,
    kind: 'refused',
    reason: 'local-storage',
    hint: "Clone to the template's own node and migrate it afterwards, or put the template on shared storage",
  },
  {
    pattern: /can't clone to non-shared storage '(?<storage>[^']+)'/,
    kind: 'refused',
    reason: 'local-storage',
    hint: 'To clone to another node, name a storage that both nodes share',
  },
  {
    pattern: /storage '(?<storage>[^']+)' is not available on node '(?<node>[^']+)'/,
    kind: 'refused',
    reason: 'storage-not-on-node',
    hint: storageHint,
  },
  {pattern: /storage '(?<storage>[^']+)' is disabled/, kind: 'refused', reason: 'storage-disabled', hint: storageHint},
  {
    pattern: /storage '(?<storage>[^']+)' does not exist/,
    kind: 'not-found',
    reason: 'storage-unknown',
    hint: storageHint,
  },
  {
    pattern:
      /storage '(?<storage>[^']+)' does not support|can't use storage '(?<storage2>[^']+)' for|content type needs to be/,
    kind: 'refused',
    reason: 'storage-content',
    hint: 'The storage is not set up for this kind of content. Name another one, or allow the content on it',
  },
  {
    pattern: /No space left on device|not enough (?:free )?space|out of (?:data )?space|insufficient (?:free )?space/i,
    kind: 'no-capacity',
    reason: 'storage-full',
    hint: 'The storage is full. Name another one, or make room',
  },
  {
    pattern: /Linked clone feature is not supported/,
    kind: 'not-supported',
    reason: 'no-linked-clones',
    hint: 'This storage has no linked clones. Make a full one: leave out --linked',
  },
  {
    pattern: /snapshot feature is not available|missing replicate feature/,
    kind: 'not-supported',
    reason: 'storage-feature',
    hint: 'The storage of one of its disks cannot do this',
  },
  {
    pattern: /not most recent snapshot/,
    kind: 'refused',
    reason: 'newer-snapshots',
    hint: 'This storage goes back to the newest snapshot only. Delete the newer ones first',
  },

  {
    pattern:
      /storage '(?<storage>[^']+)' is not online|unable to activate storage '(?<storage2>[^']+)'|could not activate storage '(?<storage3>[^']+)': (?!storage ')/,
    kind: 'refused',
    reason: 'storage-not-online',
    hint: 'The node does not reach the storage: see whether its server is up and the path is mounted there',
  },
  {
    pattern: /volume '(?<volume>[^']+)' does not exist/,
    kind: 'not-found',
    reason: 'volume-missing',
    hint: 'See what lies on the storage: homelab proxmox storage content',
  },
  {
    pattern: /checksum mismatch: got '/,
    kind: 'task-failed',
    reason: 'checksum-mismatch',
    hint: 'What arrived is not what was announced: the file was damaged on the way, or the checksum is that of another one. Nothing was kept; try again',
  },

  // Migration, as its log tells it: the exit status is only "migration aborted".
  {
    pattern: /can't live migrate attached local disks without with-local-disks/,
    kind: 'refused',
    reason: 'local-disks',
    hint: 'Its disks are on storage that the other node does not share: migrate it with its disks, or shut it down first',
  },
  {
    pattern: /local cdrom image/,
    kind: 'refused',
    reason: 'local-cdrom',
    hint: 'An ISO image of this node is in its drive: eject it first',
  },
  {
    pattern: /can't migrate VM which uses local devices(?:: (?<devices>.+))?/,
    kind: 'refused',
    reason: 'local-devices',
    hint: 'It uses devices of this node: take them out of its configuration first',
  },
  {
    pattern: /cannot migrate local bind mount point '(?<mount>[^']+)'/,
    kind: 'refused',
    reason: 'bind-mount',
    hint: 'A folder of this node is mounted in it: take the mount point out, or mark it as shared when the other node has the same one',
  },
  {
    pattern: /lxc live migration is currently not implemented/,
    kind: 'not-supported',
    reason: 'no-live-migration',
    hint: 'Containers move while they are stopped: migrate it with a restart',
  },
  {
    pattern: /Can't connect to destination address/,
    kind: 'task-failed',
    reason: 'target-unreachable',
    hint: 'The nodes do not reach each other by SSH. See who is online: homelab proxmox node list',
  },

  // Starting, backing up, restoring.
  {
    pattern: /network script \S+ failed|bridge '(?<bridge>[^']+)' does not exist/,
    kind: 'not-found',
    reason: 'bridge-missing',
    hint: 'The bridge of one of its NICs is not there, or not up, on this node',
  },
  {
    pattern: /start failed: QEMU exited with code/,
    kind: 'task-failed',
    reason: 'qemu-start-failed',
    hint: 'QEMU did not start. Its own words stand in the log, before the last line',
  },
  {
    pattern: /unable to find VM '(?<vmid>\d+)'/,
    kind: 'not-found',
    reason: 'guest-unknown',
    hint: 'There is no such guest any more: take it out of the backup job',
  },
  {
    pattern: /does not look like a \w+ vzdump backup/,
    kind: 'invalid-parameter',
    reason: 'wrong-backup',
    hint: 'It is a backup of the other kind of guest: VMs and containers are restored as what they were',
  },
  {
    pattern: /error before or during data restore/,
    kind: 'task-failed',
    reason: 'restore-incomplete',
    hint: 'The guest is half restored and stays so: delete it, and restore again',
  },
  {
    pattern: /lxc-usernsexec .* tar xpf .* failed: exit code/,
    kind: 'task-failed',
    reason: 'archive-unreadable',
    hint: 'The archive cannot be unpacked: it is damaged, or not what its name says. Download it again',
  },
  {
    pattern: /no efidisk configured/,
    kind: 'conflict',
    reason: 'no-efi-disk',
    hint: 'It boots with UEFI and has no disk to remember its settings: they are lost with every stop. Give it one',
  },

  // What the user may not, said without 403.
  {
    pattern: /^value '[^']+![^']+' does not look like a valid user name/,
    kind: 'permission',
    reason: 'ticket-needed',
    hint: 'An API token may not do this; log in with user and password: homelab auth login URL --user NAME@REALM',
  },
  {
    pattern: /[Oo]nly root (?:can|may)\b/,
    kind: 'permission',
    reason: 'root-only',
    hint: 'Only root@pam may do this, logged in with the password. An API token never is root@pam, not even one of root@pam',
  },

  // Values.
  {
    pattern: /parameter '(?<parameter>[^']+)' not allowed for linked clones/,
    kind: 'invalid-parameter',
    reason: 'not-for-linked-clones',
    hint: 'A linked clone stays on the storage of its template. Leave the option out, or make a full clone',
  },
  {
    pattern: /shrinking disks is not supported|unable to shrink disk size/,
    kind: 'invalid-parameter',
    reason: 'disk-shrink',
    hint: 'A disk can only grow',
  },
  {
    pattern:
      /parameter must be set|no options specified|missing value for required option|400 Parameter verification failed|SSH public key validation error/,
    kind: 'invalid-parameter',
    reason: 'invalid-parameter',
  },

  // Clusters that still have nodes of a release before 9.0, or have just lost the last one.
  {
    pattern: /ha groups have not been migrated yet/,
    kind: 'not-supported',
    reason: 'ha-groups-in-force',
    hint: 'Proxmox VE makes rules of the HA groups once every node runs 9.0 or later. See the versions: homelab proxmox cluster status',
  },

  // Nodes that are to be switched on.
  {
    pattern: /No wake on LAN MAC address defined for '(?<node>[^']+)'/,
    kind: 'refused',
    reason: 'no-wake-address',
    hint: ({node}) =>
      `Once it is on, tell Proxmox VE which card listens: homelab proxmox api put /nodes/${node}/config -d wakeonlan=MAC`,
  },
  {
    pattern: /'(?<node>[^']+)' is local node, cannot wake my self!/,
    kind: 'refused',
    reason: 'wakes-itself',
    hint: 'The node that was asked is the one to wake: it is on',
  },

  // The general words come last.
  {
    pattern: /command '.*' failed: (?:exit code (?<code>\d+)|got signal (?<signal>\d+))/,
    kind: 'task-failed',
    reason: 'program-failed',
    hint: 'A program on the node failed. What it said stands in the log before that',
  },
  {
    pattern: /already (?:exists|defined|used)/,
    kind: 'already-exists',
    reason: 'already-exists',
    hint: 'Choose another name, or use what is there',
  },
  {
    pattern: /does not exist|^no such |: no such |not found$|no rule at position|is not HA managed|not HA managed!/,
    kind: 'not-found',
    reason: 'not-found',
  },
]

/** What a text of Proxmox VE means; undefined when it is none of those with a meaning of their own. */
export function meaningOf(text: string): Meaning | undefined {
  for (const rule of RULES) {
    const match = rule.pattern.exec(text)
    if (!match) continue
    const found: Record<string, string> = {input: text}
    const details: Record<string, unknown> = {}
    for (const [group, value] of Object.entries(match.groups ?? {})) {
      if (value === undefined) continue
      // One name may stand at several places of a pattern: node, node2, …
      const name = group.replace(/\d$/, '')
      found[name] = value
      if (name !== 'holder') details[name] = name === 'vmid' ? Number(value) : value
    }

    const hint = typeof rule.hint === 'function' ? rule.hint(found) : rule.hint
    return {kind: rule.kind, details: {...details, reason: rule.reason}, ...(hint !== undefined && {hint})}
  }

  return undefined
}

function takenHint({vmid}: Readonly<Record<string, string>>): string {
  return `Leave out --vmid to get a free one, or see who has ${vmid}: homelab proxmox vm list`
}

function goneHint({vmid}: Readonly<Record<string, string>>): string {
  return `It was deleted or has moved to another node. See where it is now: homelab proxmox vm show ${vmid}`
}

function storageHint(): string {
  return 'See which storages a node has: homelab proxmox storage list --by-node'
}
