import {expect} from 'chai'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {startCluster, type TestCluster} from '../helpers/cluster.js'
import type {RunOptions} from '../helpers/run-command.js'

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5C5f/1E5oS+2uVY0yCwO6mBvQbiZsJQdr1cSrwCq ann@lab'

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`cloudinit, Proxmox VE ${pveVersion}`, () => {
    let cluster: TestCluster
    let folder: string

    beforeEach(async () => {
      cluster = await startCluster({pveVersion})
      folder = fs.mkdtempSync(path.join(os.tmpdir(), 'homelab-cloudinit-'))
      fs.writeFileSync(path.join(folder, 'id.pub'), `${KEY}\n`)
    })

    afterEach(async () => {
      await cluster.stop()
      fs.rmSync(folder, {recursive: true})
    })

    const run = async (argv: readonly string[], options: RunOptions = {}) => {
      const {json, ...rest} = await cluster.run(['proxmox', 'vm', ...argv, '--json'], options)
      return {...rest, result: json()}
    }
    const configOf = (vmid: number) => cluster.simulator.world.store.of('guests').get(vmid)!.config
    /** db runs; it gets the drive that the demo's VMs lack. */
    const giveDrive = () => run(['config', 'set', 'db', 'ide2=nas:cloudinit'])
    const restart = () => run(['reboot', 'db'])

    it('sets user, keys, addresses and name servers, and shows them in plain text', async () => {
      const words = [
        '--user',
        'admin',
        '--ssh-key',
        path.join(folder, 'id.pub'),
        '--ip',
        '192.0.2.5/24',
        '--gateway',
        '192.0.2.1',
      ]
      const set = await run([
        'cloudinit',
        'set',
        'scratch',
        ...words,
        '--dns',
        '192.0.2.53',
        '--search',
        'lab.example',
        '--no-upgrade',
      ])
      expect(set.exitCode).to.equal(0)
      expect(set.result).to.include({changed: true, noCloudInitDrive: true})
      expect(configOf(103)).to.include({
        ciuser: 'admin',
        ipconfig0: 'ip=192.0.2.5/24,gw=192.0.2.1',
        sshkeys: encodeURIComponent(KEY),
        ciupgrade: 0,
      })
      const again = await run(['cloudinit', 'set', 'scratch', ...words, '--no-upgrade'])
      expect(again.result).to.include({changed: false})
      const {values} = (await run(['cloudinit', 'show', 'scratch'])).result
      expect(values).to.deep.equal({
        ciupgrade: false,
        ciuser: 'admin',
        ipconfig0: 'ip=192.0.2.5/24,gw=192.0.2.1',
        nameserver: '192.0.2.53',
        searchdomain: 'lab.example',
        sshkeys: KEY,
      })
      expect((await run(['cloudinit', 'set', 'scratch', '--ip6', 'auto'])).result.changes[0].after).to.equal(
        'ip=192.0.2.5/24,gw=192.0.2.1,ip6=auto',
      )
    })

    it('takes the password from stdin and shows it nowhere', async () => {
      const set = await run(['cloudinit', 'set', 'scratch', '--password-stdin', '--debug'], {
        stdin: 'Sesame-öffne+dich 1\n',
      })
      expect(set.exitCode).to.equal(0)
      expect(set.stdout + set.stderr)
        .not.to.contain('Sesame')
        .and.not.to.contain('dich')
      expect(configOf(103)['cipassword']).to.match(/^\$5\$/)
      expect((await run(['config', 'show', 'scratch'])).result.config.cipassword).to.equal('**********')
      expect((await run(['cloudinit', 'set', 'scratch', '--password-stdin'], {stdin: '\n'})).exitCode).to.equal(2)
    })

    it('says what a running VM does not see yet, and makes its drive anew', async () => {
      await giveDrive()
      await restart()
      const set = await run(['cloudinit', 'set', 'db', '--user', 'admin'])
      expect(set.result).to.include({changed: true, pendingCloudInit: true})
      const before = (await run(['cloudinit', 'show', 'db'])).result
      expect(before).to.include({drive: 'ide2'})
      expect(before.pending).to.deep.equal([{key: 'ciuser', pending: 'admin', deleted: false}])
      const {stdout} = await cluster.run(['proxmox', 'vm', 'cloudinit', 'set', 'db', '--user', 'root'])
      expect(stdout).to.contain('homelab proxmox vm cloudinit regenerate db')
      expect((await run(['cloudinit', 'regenerate', 'db'])).result).to.include({name: 'db', changed: true})
      expect((await run(['cloudinit', 'show', 'db'])).result.pending).to.deep.equal([])
    })

    it('makes no drive anew that is not there', async () => {
      const {exitCode, result} = await run(['cloudinit', 'regenerate', 'scratch'])
      expect(exitCode).to.equal(8)
      expect(result.error.hint).to.contain('ide2=STORAGE:cloudinit')
      expect(cluster.requests.some(({method}) => method !== 'GET')).to.equal(false)
    })

    it('dumps each file', async () => {
      await run(['cloudinit', 'set', 'scratch', '--user', 'admin', '--ip', '192.0.2.5/24'])
      const {stdout} = await cluster.run(['proxmox', 'vm', 'cloudinit', 'dump', 'scratch', 'user'])
      expect(stdout)
        .to.match(/^#cloud-config\n/)
        .and.match(/^user: admin$/m)
      expect((await run(['cloudinit', 'dump', 'scratch', 'network'])).result.text).to.contain("address: '192.0.2.5'")
      expect((await run(['cloudinit', 'dump', 'scratch', 'meta'])).result.text).to.contain('instance-id:')
      expect((await run(['cloudinit', 'dump', 'scratch', 'vendor'])).exitCode).to.equal(2)
    })

    it('plans without changing anything and without showing the password', async () => {
      const {result, stdout} = await run(['cloudinit', 'set', 'scratch', '--user', 'admin', '--password-stdin', '-n'], {
        stdin: 'Sesame1\n',
      })
      expect(result.changes).to.deep.equal([
        {key: 'ciuser', after: 'admin'},
        {key: 'cipassword', after: '**********'},
      ])
      expect(stdout).not.to.contain('Sesame')
      expect(cluster.requests.some(({method}) => method !== 'GET')).to.equal(false)
    })

    it('works on a selection', async () => {
      const {exitCode, result} = await run(['cloudinit', 'set', '-l', 'status=running', '--ssh-key', '-'], {
        stdin: `${KEY}\n`,
      })
      expect(exitCode).to.equal(0)
      expect(result.summary).to.deep.equal({ok: 3, failed: 0})
    })

    for (const [what, words, stdin] of [
      ['nothing at all', [], ''],
      ['an address without a prefix', ['--ip', '192.0.2.5'], ''],
      ['a gateway for a VM without an address', ['--gateway', '192.0.2.1'], ''],
      ['a private key', ['--ssh-key', '-'], '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n'],
      ['stdin for two things', ['--ssh-key', '-', '--password-stdin'], KEY],
    ] as const) {
      it(`refuses ${what}`, async () => {
        const {exitCode, result} = await run(['cloudinit', 'set', 'scratch', ...words], {stdin})
        expect(exitCode).to.equal(2)
        expect(result.error.hint).to.be.a('string')
        expect(cluster.requests.some(({method}) => method !== 'GET')).to.equal(false)
      })
    }
  })
}
