import {expect} from 'chai'
import {okAsync} from 'neverthrow'
import type {Guest} from '../../../src/domain/guest.js'
import {explainedReasons} from '../../../src/domain/task-cause.js'
import type {TaskSummary} from '../../../src/domain/task.js'
import {outcomeOf} from '../../../src/domain/task.js'
import {TaskWhyService, type TaskExplanation} from '../../../src/services/task-why-service.js'

const UPID = 'UPID:pve1:00005A3F:000B574D:6B0178DD:qmstart:100:root@pam!t1:'
const WEB: Guest = {vmid: 100, name: 'web', type: 'qemu', node: 'pve1', status: 'stopped', template: false, tags: []}

interface Case {
  readonly type?: string
  readonly id?: string
  /** Without one it still runs. */
  readonly exit?: string
  readonly log?: readonly string[]
  readonly guests?: readonly Guest[]
}

async function why({type = 'qmstart', id = '100', exit, log, guests = [WEB]}: Case): Promise<TaskExplanation> {
  const task: TaskSummary = {
    upid: UPID,
    node: 'pve1',
    type,
    ...(id !== '' && {id}),
    user: 'root@pam!t1',
    state: exit === undefined ? 'running' : outcomeOf(exit),
    ...(exit !== undefined && {exitStatus: exit}),
    startedAt: '2026-11-21T10:00:00.000Z',
  }
  const lines = log ?? (exit === undefined ? [] : [`TASK ERROR: ${exit}`])
  const service = new TaskWhyService(
    {show: () => okAsync(task), log: () => okAsync([...lines])},
    {resources: () => okAsync({nodes: [], storages: [], guests: [...guests]})},
  )
  return (await service.explain(UPID))._unsafeUnwrap()
}

/** Exit statuses as they were recorded, or as the reference has them, and what they come from. */
const EXITS: readonly (readonly [string, string, string | undefined])[] = [
  ['cluster not ready - no quorum?', 'no-quorum', 'homelab proxmox cluster status'],
  ["cfs-lock 'storage-shared' error: no quorum!", 'no-quorum', 'homelab proxmox cluster status'],
  [
    "unable to open file '/etc/pve/nodes/n1/qemu-server/501.conf.tmp.5802' - Permission denied",
    'cluster-files-read-only',
    'homelab proxmox cluster status',
  ],
  [
    "close (rename) atomic file '/etc/pve/nodes/n1/qemu-server/340.conf' failed: File exists",
    'vmid-taken',
    'homelab proxmox vm show 100',
  ],
  ['VM is locked (clone)', 'guest-locked', 'homelab proxmox vm unlock 100 --dry-run'],
  [
    "can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout",
    'lock-timeout',
    'homelab proxmox task list --running --node pve1',
  ],
  ['checksum mismatch (file change by other user?)', 'digest-changed', 'homelab proxmox vm show 100'],
  ["can't remove VM 100 - protection mode enabled", 'guest-protected', 'homelab proxmox vm show 100'],
  [
    "cannot remove protected volume 'backup/vzdump-qemu-100-2026_11_21-10_44_02.vma.zst' on 'local'",
    'volume-protected',
    undefined,
  ],
  [
    "Configuration file 'nodes/n1/qemu-server/402.conf' does not exist",
    'guest-not-there',
    'homelab proxmox vm show 100',
  ],
  ["unable to find configuration file for VM 100 on node 'n2'", 'guest-not-there', 'homelab proxmox vm show 100'],
  ["no such cluster node 'n9'", 'node-unknown', 'homelab proxmox node list'],
  ['VM 100 already running', 'already-running', 'homelab proxmox vm show 100'],
  ['CT 200 not running', 'not-running', 'homelab proxmox vm show 100'],
  ['unable to restore VM 100 - vm is running', 'is-running', 'homelab proxmox vm show 100'],
  ['VM is paused - cannot shutdown', 'is-paused', 'homelab proxmox vm resume 100'],
  ["you can't start a vm if it's a template", 'is-template', 'homelab proxmox template list'],
  ['VM quit/powerdown failed - got timeout', 'guest-too-slow', 'homelab proxmox vm console 100'],
  ['got timeout', 'node-too-slow', 'homelab proxmox vm show 100'],
  [
    "base volume 'local:120/base-120-disk-0.qcow2' is still in use by linked cloned",
    'linked-clones-exist',
    'homelab proxmox vm show 100',
  ],
  ["can't clone VM to node 'n2' (VM uses local storage)", 'local-storage', 'homelab proxmox vm show 100'],
  [
    "could not activate storage 'local2': storage 'local2' is not available on node 'n3'",
    'storage-not-on-node',
    'homelab proxmox storage show local2',
  ],
  ["storage 'nas' is disabled", 'storage-disabled', 'homelab proxmox storage show nas'],
  [
    "could not activate storage 'nostore': storage 'nostore' does not exist could not get storage information for 'nostore': storage 'nostore' does not exist",
    'storage-unknown',
    'homelab proxmox storage list --node pve1',
  ],
  [
    "could not get storage information for 'btr': can't use storage 'btr' for backups - wrong content type",
    'storage-content',
    'homelab proxmox storage list --node pve1',
  ],
  [
    'qemu-img: error while writing: No space left on device',
    'storage-full',
    'homelab proxmox storage list --node pve1',
  ],
  ["storage 'nas' is not online", 'storage-not-online', 'homelab proxmox storage list --node pve1'],
  ['snapshot feature is not available', 'storage-feature', 'homelab proxmox vm show 100'],
  [
    "unable to create VM 152 - volume 'local:iso/none.iso' does not exist",
    'volume-missing',
    'homelab proxmox storage content local --node pve1',
  ],
  ["can't rollback, 's1' is not most recent snapshot on 'x'", 'newer-snapshots', undefined],
  ['shrinking disks is not supported', 'disk-shrink', 'homelab proxmox vm show 100'],
  ["checksum mismatch: got 'e92c' != expect '0000'", 'checksum-mismatch', undefined],
  [
    'network script /usr/libexec/qemu-server/pve-bridge failed with status 512',
    'bridge-missing',
    'homelab proxmox vm show 100',
  ],
  ['start failed: QEMU exited with code 1', 'qemu-start-failed', 'homelab proxmox vm show 100'],
  [
    "ERROR: file '/var/lib/vz/dump/vzdump-lxc-200-2026_11_21-10_54_59.tar.zst' does not look like a QemuServer vzdump backup",
    'wrong-backup',
    undefined,
  ],
  [
    "unable to create CT 202 - command 'lxc-usernsexec -m u:0:100000:65536 -- tar xpf - -z' failed: exit code 2",
    'archive-unreadable',
    undefined,
  ],
  ['Only root may use this option.', 'root-only', undefined],
  [
    "command '/usr/bin/qemu-img resize -f qcow2 /x 2147483648' failed: exit code 1",
    'program-failed',
    `homelab proxmox task log ${UPID}`,
  ],
  ['received interrupt', 'task-stopped', 'homelab proxmox vm show 100'],
  ['interrupted by signal', 'task-stopped', 'homelab proxmox vm show 100'],
  ['unexpected status', 'task-died', 'homelab proxmox vm show 100'],
]

/** Lines of logs of backups, migrations and restores, whose exit status says little. */
const LINES: readonly (readonly [string, string, string, string])[] = [
  ['vzdump', 'job errors', "ERROR: Backup of VM 999 failed - unable to find VM '999'", 'guest-unknown'],
  ['vzdump', 'job errors', 'ERROR: Backup of VM 100 failed - VM is locked (backup)', 'guest-locked'],
  [
    'vzdump',
    'job errors',
    "ERROR: Backup of VM 500 failed - unable to open file '/etc/pve/nodes/n1/qemu-server/500.conf.tmp.5935' - Permission denied",
    'cluster-files-read-only',
  ],
  [
    'qmigrate',
    'migration aborted',
    "2026-11-21 10:46:58 ERROR: migration aborted (duration 00:00:00): can't migrate VM which uses local devices: usb0",
    'local-devices',
  ],
  [
    'qmigrate',
    'migration aborted',
    "can't migrate local disk 'local:126/vm-126-disk-0.qcow2': can't live migrate attached local disks without with-local-disks option",
    'local-disks',
  ],
  ['qmigrate', 'migration aborted', "can't migrate local disk 'local:iso/x.iso': local cdrom image", 'local-cdrom'],
  [
    'vzmigrate',
    'migration aborted',
    "2026-11-21 10:46:58 ERROR: cannot migrate local bind mount point 'mp0'",
    'bind-mount',
  ],
  [
    'vzmigrate',
    'migration aborted',
    'ERROR: migration aborted (duration 00:00:00): lxc live migration is currently not implemented',
    'no-live-migration',
  ],
  [
    'qmigrate',
    'migration aborted',
    "2026-11-21 10:47:01 ERROR: migration aborted (duration 00:00:03): Can't connect to destination address using public key",
    'target-unreachable',
  ],
  [
    'qmrestore',
    'unable to restore VM 100 - it broke',
    'error before or during data restore, some or all disks were not completely restored. VM 100 state is NOT cleaned up.',
    'restore-incomplete',
  ],
]

describe('why a task ended as it did', () => {
  for (const [exit, reason, next] of EXITS) {
    it(`"${exit}" is ${reason}`, async () => {
      const {causes, next: command, state} = await why({exit})
      expect(state).to.equal('failed')
      expect(causes.map((cause) => cause.reason)).to.deep.equal([reason])
      expect(causes[0]!.cause).to.match(/\.$/)
      expect(causes[0]!.cause).not.to.match(/undefined| {2}|\(\)/)
      expect(command).to.equal(next ?? `homelab proxmox task log ${UPID}`)
    })
  }

  for (const [type, exit, line, reason] of LINES) {
    it(`${type} with "${line}" is ${reason}`, async () => {
      const log = [
        'INFO: starting new backup job: vzdump 100',
        line,
        'aborting phase 1 - cleanup resources',
        `TASK ERROR: ${exit}`,
      ]
      const {causes, lines} = await why({type, exit, log})
      expect(causes.map((cause) => [cause.reason, cause.line])).to.deep.equal([[reason, 2]])
      expect(lines.map(({line: number}) => number)).to.deep.equal([2, 4])
    })
  }

  it('has a text of Proxmox VE for every cause it knows', () => {
    const shown = new Set([
      ...EXITS.map(([, reason]) => reason),
      ...LINES.map(([, , , reason]) => reason),
      'no-efi-disk',
    ])
    expect(explainedReasons().filter((reason) => !shown.has(reason))).to.deep.equal([])
  })

  it('tells of each guest of a backup what happened to it', async () => {
    const {causes, next, lines} = await why({
      type: 'vzdump',
      id: '',
      exit: 'job errors',
      log: [
        'INFO: starting new backup job: vzdump 100 101 --mode snapshot',
        'INFO: Starting Backup of VM 100 (qemu)',
        'INFO:  25% (1.0 GiB of 4.0 GiB) in 3s, read: 341.3 MiB/s, write: 0 B/s',
        'ERROR: Backup of VM 100 failed - VM is locked (backup)',
        'INFO: Failed at 2026-11-21 10:44:02',
        "ERROR: Backup of VM 101 failed - unable to find VM '101'",
        'INFO: Backup job finished with errors',
        'TASK ERROR: job errors',
      ],
    })
    expect(lines.map(({line}) => line)).to.deep.equal([4, 6, 8])
    expect(causes.map(({reason}) => reason)).to.deep.equal(['guest-locked', 'guest-unknown'])
    expect(next).to.equal('homelab proxmox vm unlock 100 --dry-run')
  })

  it('finds what QEMU said before it gave up', async () => {
    const {causes} = await why({
      exit: 'start failed: QEMU exited with code 1',
      log: [
        'kvm: -netdev type=tap,id=net0,ifname=tap153i0,script=/usr/libexec/qemu-server/pve-bridge: network script /usr/libexec/qemu-server/pve-bridge failed with status 512',
        'TASK ERROR: start failed: QEMU exited with code 1',
      ],
    })
    expect(causes.map(({reason}) => reason)).to.deep.equal(['bridge-missing'])
  })

  it('says where a task stopped that died with its node, and what it left locked', async () => {
    const explained = await why({
      type: 'qmclone',
      exit: 'unexpected status',
      log: ['create full clone of drive scsi0', 'drive mirror is starting', 'transferred 1.0 GiB of 4.0 GiB (25.00%)'],
      guests: [{...WEB, lock: 'clone'}],
    })
    expect(explained.lines.map(({line, level}) => [line, level])).to.deep.equal([
      [1, 'info'],
      [2, 'info'],
      [3, 'info'],
    ])
    expect(explained.causes[0]).to.include({reason: 'task-died', next: 'homelab proxmox vm unlock 100 --dry-run'})
    expect(explained.guest).to.include({name: 'web', lock: 'clone'})
  })

  it('tells what stands before the last line when nothing else looks like an error', async () => {
    const {lines, causes} = await why({exit: 'it broke', log: ['one', 'two', 'three', 'four', 'TASK ERROR: it broke']})
    expect(lines.map(({text}) => text)).to.deep.equal(['two', 'three', 'four', 'TASK ERROR: it broke'])
    expect(causes).to.deep.equal([])
  })

  it('explains warnings, and finds them in tasks that ended OK', async () => {
    const warned = await why({
      exit: 'WARNINGS: 1',
      log: ['WARN: no efidisk configured! Using temporary efivars disk.', 'TASK WARNINGS: 1'],
    })
    expect(warned).to.include({state: 'warnings', next: 'homelab proxmox vm show 100'})
    expect(warned.causes.map(({reason}) => reason)).to.deep.equal(['no-efi-disk'])
    expect(warned.lines).to.deep.equal([
      {line: 1, text: 'WARN: no efidisk configured! Using temporary efivars disk.', level: 'warning'},
    ])
    const fine = await why({exit: 'OK', log: ['could not start it', 'TASK OK']})
    expect(fine.lines.map(({text}) => text)).to.deep.equal(['could not start it'])
    expect(fine).not.to.have.property('next')
  })

  it('counts what comes again and again, and leaves the middle of very many out', async () => {
    const log = Array.from({length: 40}, (_, i) => `${'abcdefghij'[i % 10]}${'klmn'[Math.floor(i / 10)]} failed`)
    const {lines} = await why({exit: 'it broke', log: ['try 1 failed', 'try 2 failed', ...log]})
    expect(lines).to.have.length(20)
    expect(lines[0]).to.include({line: 1, times: 2})
    expect(lines.at(-1)!.line).to.equal(42)
  })

  it('says what a running task waits for', async () => {
    const waiting = await why({log: ['trying to acquire lock...']})
    expect(waiting.causes.map(({reason}) => reason)).to.deep.equal(['waits-for-lock'])
    expect(waiting.next).to.equal(`homelab proxmox task log ${UPID} --follow`)
    expect((await why({log: ['trying to acquire lock...', ' OK']})).causes).to.deep.equal([])
  })

  it('names no command for a guest that is not known', async () => {
    const {causes, next} = await why({exit: 'VM is locked (clone)', guests: []})
    expect(causes[0]).not.to.have.property('next')
    expect(next).to.equal(`homelab proxmox task log ${UPID}`)
  })
})
