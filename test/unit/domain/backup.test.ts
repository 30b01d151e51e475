import {expect} from 'chai'

import {readBackupLog} from '../../../src/domain/backup-log.js'
import {
  notesTemplate,
  parseBackupAddress,
  parseBackupVolume,
  pickBackup,
  volumeOfArchive,
  type Backup,
} from '../../../src/domain/backup.js'
import {parseSavedConfig} from '../../../src/domain/saved-config.js'

const backup = (time: string): Backup => ({
  volume: `nas:backup/${time}`,
  vmid: 101,
  type: 'qemu',
  time,
  protected: false,
  storage: 'nas',
  node: 'pve1',
  shared: true,
})

describe('names of backups', () => {
  it('tell whose they are', () => {
    const file = 'nas:backup/vzdump-lxc-200-2026_01_02-03_04_05.tar.zst'
    expect(parseBackupVolume(file)).to.deep.equal({storage: 'nas', type: 'lxc', vmid: 200, server: false})
    const server = 'pbs:backup/vm/101/2026-01-02T03:04:05Z'
    expect(parseBackupVolume(server)).to.deep.equal({storage: 'pbs', type: 'qemu', vmid: 101, server: true})
    expect(parseBackupVolume('nas:backup/mine.vma')).to.deep.equal({storage: 'nas', server: false})
    expect(parseBackupVolume('nas:iso/debian.iso')).to.equal(undefined)
    expect(volumeOfArchive('nas', '/mnt/pve/nas/dump/vzdump-lxc-200-2026_01_02-03_04_05.tar.zst')).to.equal(file)
    expect(volumeOfArchive('pbs', 'vm/101/2026-01-02T03:04:05Z')).to.equal(server)
  })

  it('are a volume, or a guest and a moment', () => {
    for (const good of ['web@latest', '101@oldest', 'web@2026-01', 'web@2026-01-02', 'web@2026-01-02T03:04:05Z'])
      expect(parseBackupAddress(good).isOk(), good).to.equal(true)
    for (const bad of ['web', 'web@', 'web@newest', 'web@yesterday', '@latest', 'nas:iso/x.iso'])
      expect(parseBackupAddress(bad)._unsafeUnwrapErr().kind, bad).to.equal('usage')
  })

  it('mean one backup, or say which there are', () => {
    const all = ['2026-01-02T03:04:05Z', '2026-01-03T03:04:05Z', '2026-01-02T23:00:00Z'].map((time) => backup(time))
    const pick = (which: string) => pickBackup(all, {guest: 'web', which})
    expect(pick('latest')._unsafeUnwrap().time).to.equal('2026-01-03T03:04:05Z')
    expect(pick('oldest')._unsafeUnwrap().time).to.equal('2026-01-02T03:04:05Z')
    expect(pick('2026-01-03')._unsafeUnwrap().time).to.equal('2026-01-03T03:04:05Z')
    expect(pick('2026-01-02T23:00Z')._unsafeUnwrap().time).to.equal('2026-01-02T23:00:00Z')
    expect(pick('2026-01-02')._unsafeUnwrapErr()).to.include({kind: 'ambiguous-name'})
    expect(pick('2025-01-02')._unsafeUnwrapErr()).to.include({kind: 'not-found'})
    expect(pickBackup([], {guest: 'web', which: 'latest'})._unsafeUnwrapErr().kind).to.equal('not-found')
  })
})

describe('notes of a backup', () => {
  it('are one line with known variables', () => {
    expect(notesTemplate('{{guestname}}\nbefore')._unsafeUnwrap()).to.equal('{{guestname}}\\nbefore')
    expect(notesTemplate('C:\\temp')._unsafeUnwrap()).to.equal('C:\\\\temp')
    expect(notesTemplate('a\\nb')._unsafeUnwrap()).to.equal('a\\nb')
    expect(notesTemplate('{{name}}')._unsafeUnwrapErr().details).to.include({field: 'notes'})
  })
})

describe('the log of a backup task', () => {
  it('tells of each guest what became of it', () => {
    const {error, guests, waiting} = readBackupLog([
      'INFO: trying to get global lock - waiting...',
      'INFO: got global lock',
      'INFO: starting new backup job: vzdump 101 102 200 --storage nas',
      'INFO: Starting Backup of VM 101 (qemu)',
      "INFO: creating vzdump archive '/mnt/pve/nas/dump/vzdump-qemu-101-2026_01_02-03_04_05.vma.zst'",
      'INFO:  42% (1.0 GiB of 2.0 GiB) in 3s, read: 1.0 MiB/s, write: 1.0 MiB/s',
      'INFO: archive file size: 12MB',
      'INFO: Finished Backup of VM 101 (00:00:05)',
      'INFO: Starting Backup of VM 102 (qemu)',
      'ERROR: Backup of VM 102 failed - VM is locked (backup)',
      "ERROR: Backup of VM 999 failed - unable to find VM '999'",
      'INFO: Starting Backup of VM 200 (lxc)',
      "INFO: creating Proxmox Backup Server archive 'ct/200/2026-01-02T03:04:05Z'",
      'TASK ERROR: job errors',
    ])
    expect(guests.get(101)).to.deep.include({state: 'done', complete: true, fraction: 0.42})
    expect(guests.get(102)).to.deep.equal({state: 'failed', complete: false, error: 'VM is locked (backup)'})
    expect(guests.get(999)).to.include({state: 'failed', error: "unable to find VM '999'"})
    expect(guests.get(200)).to.deep.equal({state: 'running', complete: false, archive: 'ct/200/2026-01-02T03:04:05Z'})
    expect([error, waiting]).to.deep.equal(['job errors', false])
    expect(readBackupLog(['INFO: trying to get global lock - waiting...']).waiting).to.equal(true)
  })
})

describe('a saved configuration', () => {
  it('is read without snapshots, and hides passwords', () => {
    const text =
      '#my%20notes\n#qmdump#map:scsi0:drive-scsi0:nas::\nname: web\ncipassword: $5$x\nlxc.a: 1\nlxc.a: 2\n[old]\nname: was'
    expect(parseSavedConfig(text)).to.deep.equal({
      values: {name: 'web', cipassword: '**********', 'lxc.a': '1\n2'},
      description: 'my notes',
    })
  })
})
