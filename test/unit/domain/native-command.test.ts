import {expect} from 'chai'
import {execFileSync} from 'node:child_process'

import {guestCommand, nativeScript, pveshCommand, shellWord} from '../../../src/domain/native-command.js'
import {Secret} from '../../../src/domain/secret.js'

describe('native commands', () => {
  it("writes a line of the guest's own tool", () => {
    expect(guestCommand('qemu', 'shutdown', [100], {timeout: 60, forceStop: true})).to.equal(
      'qm shutdown 100 --timeout 60 --forceStop 1',
    )
    expect(guestCommand('lxc', 'delete', [200], {purge: true, force: undefined})).to.equal('pct destroy 200 --purge 1')
    expect(guestCommand('lxc', 'clone', [200, 201], {hostname: 'copy', full: false})).to.equal(
      'pct clone 200 201 --hostname copy --full 0',
    )
  })

  it('never writes a secret, and reads keys from where the tools look for them', () => {
    expect(guestCommand('lxc', 'create', [200], {password: new Secret('hunter22')})).to.equal(
      'pct create 200 --password "$PASSWORD"',
    )
    expect(guestCommand('qemu', 'set', [100], {sshkeys: 'ssh-ed25519 AAAA me'})).to.equal(
      String.raw`qm set 100 --sshkeys <(printf '%s\n' 'ssh-ed25519 AAAA me')`,
    )
  })

  it('writes any call as pvesh, a list as repeated options', () => {
    expect(pveshCommand('post', '/nodes/pve1/qemu/100/agent/exec', {command: ['ls', '-l', 'a b']})).to.equal(
      "pvesh create /nodes/pve1/qemu/100/agent/exec --command ls --command -l --command 'a b'",
    )
    expect(pveshCommand('put', '/pools', {poolid: 'lab'})).to.equal('pvesh set /pools --poolid lab')
  })

  it('quotes what a shell would take apart', () => {
    const texts = [
      '',
      'a b',
      "it's",
      '$HOME',
      '`id`',
      'a;b',
      'order=scsi0;net0',
      '~',
      'x\ny',
      'vmbr0,tag=20',
      '*',
      '\\',
    ]
    const printed = execFileSync('sh', ['-c', `printf '%s\\0' ${texts.map((text) => shellWord(text)).join(' ')}`])
    expect(printed.toString().split('\0').slice(0, -1)).to.deep.equal(texts)
    expect(shellWord('vmbr0,tag=20')).to.equal('vmbr0,tag=20')
  })

  it('names each node once', () => {
    expect(
      nativeScript([
        {node: 'pve1', command: 'qm start 100'},
        {node: 'pve1', command: 'qm start 101'},
        {node: 'pve2', command: 'qm start 102'},
      ]),
    ).to.equal('# on pve1\nqm start 100\nqm start 101\n# on pve2\nqm start 102')
  })
})
