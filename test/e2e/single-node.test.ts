import {expect} from 'chai'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import path from 'node:path'

import type {Fixture} from '../../src/simulator/fixtures/fixture.js'
import {startCluster, type TestCluster} from '../helpers/cluster.js'

const GIB = 1024 ** 3
/** What a server without others has not. */
const OF_CLUSTERS = /cluster|quorum|quorate|vote/i

const solo: Fixture = {
  nodes: [{node: 'solo', nodeid: 0, ip: '127.0.0.1', cores: 8, memoryBytes: 32 * GIB}],
  users: [{userid: 'automation@pve'}, {userid: 'watcher@pve'}],
  tokens: [
    {tokenid: 'automation@pve!homelab', secret: 'aaaaaaaa-0000-4000-8000-000000000001', privsep: 0},
    {tokenid: 'watcher@pve!node', secret: 'aaaaaaaa-0000-4000-8000-000000000009', privsep: 0},
  ],
  acl: [
    {path: '/', type: 'user', ugid: 'automation@pve', roleid: 'Administrator'},
    {path: '/nodes/solo', type: 'user', ugid: 'watcher@pve', roleid: 'PVEAuditor'},
  ],
  storages: [
    {storage: 'local', type: 'dir', path: '/var/lib/vz', content: ['iso', 'backup'], totalBytes: 94 * GIB},
    {
      storage: 'local-lvm',
      type: 'lvmthin',
      content: ['images', 'rootdir'],
      totalBytes: 800 * GIB,
      options: {thinpool: 'data', vgname: 'pve'},
    },
  ],
  volumes: [{node: 'solo', volid: 'local:iso/debian.iso', content: 'iso', format: 'iso', size: 600_000_000}],
  guests: [
    {
      vmid: 100,
      type: 'qemu',
      node: 'solo',
      running: true,
      shutdownSeconds: 1,
      config: {name: 'db', memory: '2048', cores: 2, scsi0: 'local-lvm:vm-100-disk-0,size=8G'},
    },
    {
      vmid: 200,
      type: 'lxc',
      node: 'solo',
      running: true,
      config: {
        hostname: 'dns',
        arch: 'amd64',
        memory: 512,
        ostype: 'debian',
        rootfs: 'local-lvm:vm-200-disk-0,size=4G',
      },
    },
  ],
}

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`a server that stands alone, Proxmox VE ${pveVersion}`, () => {
    let server: TestCluster
    let folder: string

    beforeEach(async () => {
      server = await startCluster({pveVersion, fixture: solo})
      folder = mkdtempSync(path.join(tmpdir(), 'homelab-solo-'))
    })
    afterEach(async () => {
      await server.stop()
      rmSync(folder, {force: true, recursive: true})
    })

    const run = (...argv: string[]) => server.run(['proxmox', ...argv], {env: {HOMELAB_STATE_DIR: folder}})
    const writes = () =>
      server.requests.filter(({method}) => method !== 'GET').map((one) => `${one.method} ${one.path}`)

    /** The same for people and for programs; gives what the latter get. */
    const told = async (...argv: string[]) => {
      const shown = await run(...argv)
      expect(shown.exitCode, shown.stderr).to.equal(0)
      expect(shown.stderr, 'stderr').to.equal('')
      const {exitCode, json} = await run(...argv, '--json')
      expect(exitCode).to.equal(0)
      return {shown: shown.stdout, result: json()}
    }

    it('is no cluster, and has no votes', async () => {
      const {result, shown} = await told('cluster', 'status')
      expect(shown.split('\n')[0]).to.equal('standalone server, no cluster')
      expect(shown.split('\n').slice(1).join('\n')).to.not.match(OF_CLUSTERS)
      expect(result).to.include({standalone: true}).and.to.not.have.any.keys('name', 'votes', 'ha', 'ceph')
      expect(result.remarks).to.deep.equal([])
      expect(result.nodes).to.have.length(1)
      expect(result.nodes[0]).to.include({node: 'solo', status: 'online'}).and.to.not.have.any.keys('votes')
    })

    it('shows what it has, logs and is set to', async () => {
      const {result} = await told('cluster', 'resources')
      expect(result.map(({id}: {id: string}) => id)).to.deep.equal([
        'qemu/100',
        'lxc/200',
        'node/solo',
        'storage/solo/local',
        'storage/solo/local-lvm',
      ])
      const log = await run('cluster', 'log', '--json')
      expect([log.exitCode, log.json()]).to.deep.equal([0, []])
      const options = await told('cluster', 'options')
      expect(options.shown).to.match(/^mac_prefix +BC:24:11$/m)
      expect(options.result).to.include({mac_prefix: 'BC:24:11'})
    })

    for (const verb of ['show', 'services', 'syslog', 'certificates', 'time', 'subscription']) {
      it(`needs no name for node ${verb}`, async () => {
        const unnamed = await told('node', verb)
        const named = await told('node', verb, 'solo')
        expect(unnamed.result).to.have.deep.property(
          Array.isArray(named.result) ? 'length' : 'node',
          Array.isArray(named.result) ? named.result.length : 'solo',
        )
        if (verb !== 'services') expect(unnamed.shown).to.not.match(OF_CLUSTERS)
        const unknown = await run('node', verb, 'pve9', '--json')
        expect([unknown.exitCode, unknown.json().error.code]).to.deep.equal([5, 'not-found'])
      })
    }

    it('lists nodes, their figures, disks and updates', async () => {
      expect((await told('node', 'list')).result).to.have.length(1)
      const {result} = await told('node', 'stats')
      expect(result.results[0]).to.include({target: 'solo', ok: true})
      expect((await told('node', 'stats', 'solo', '--history')).shown).to.not.match(OF_CLUSTERS)
      expect((await told('node', 'disk', 'list')).result[0]).to.include({node: 'solo'})
      const updates = await run('node', 'updates', '--refresh', '--json')
      expect([updates.exitCode, updates.json()]).to.deep.equal([0, []])
    })

    it('needs no more rights to find out that there is only one', async () => {
      const {exitCode, json} = await server.run(['proxmox', 'node', 'show', '--json'], {
        env: {HOMELAB_TOKEN_ID: 'watcher@pve!node', HOMELAB_TOKEN_SECRET: 'aaaaaaaa-0000-4000-8000-000000000009'},
      })
      expect([exitCode, json().node]).to.deep.equal([0, 'solo'])
    })

    it('does not miss corosync, which has nobody to talk to', async () => {
      const {exitCode, json} = await run('node', 'services', '--down', '--json')
      expect([exitCode, json()]).to.deep.equal([0, []])
    })

    it('explains its only choice', async () => {
      const {result, shown} = await told('placement', 'explain', 'db')
      expect(shown).to.contain('db (VM 100): best where it is, on solo (the only node)').and.to.not.match(OF_CLUSTERS)
      expect(result).to.include({node: 'solo', reason: 'the only node'})
      const file = path.join(folder, 'web.yaml')
      writeFileSync(file, 'name: web\niso: local:iso/debian.iso\nmemory: 4096\nstorage: local-lvm\ndisks: [8G]\n')
      const fresh = await run('placement', 'explain', '-f', file, '--json')
      expect([fresh.exitCode, fresh.json()[0]?.node], fresh.stdout).to.deep.equal([0, 'solo'])
    })

    const refusals: readonly (readonly [string, string[]])[] = [
      ['there is no other node: solo stands alone, and its guests can go nowhere', ['node', 'drain', '--yes']],
      ['there is no other node: solo stands alone', ['node', 'drain', 'solo', '--dry-run']],
      ['there is no other node: solo stands alone', ['node', 'drain', '--blocked', 'shutdown', '--yes']],
      ['there is nowhere to move db (VM 100) to: solo is the only node', ['vm', 'migrate', 'db', '--to', 'auto']],
      ['there is nowhere to move dns (container 200) to', ['lxc', 'migrate', 'dns', '--to', 'auto', '--restart']],
      ['there is nowhere to move to: solo is the only node', ['rebalance', '--dry-run']],
      ['there is nowhere to move to: solo is the only node', ['rebalance', '--yes']],
      ['guests run on solo: db (VM 100), dns (container 200)', ['node', 'reboot', '--yes']],
      ['guests run on solo: db (VM 100), dns (container 200)', ['node', 'shutdown', '--yes']],
      ['solo stands alone: high availability has nowhere to move its guests to', ['node', 'maintenance', 'on']],
      ['solo stands alone: high availability has nowhere', ['node', 'maintenance', 'off', 'solo', '--dry-run']],
    ]
    for (const [message, argv] of refusals) {
      it(`refuses ${argv.join(' ')}, and says why`, async () => {
        const {exitCode, json, stdout} = await run(...argv, '--json')
        expect([exitCode, json().error.code]).to.deep.equal([8, 'refused'])
        expect(json().error.message).to.contain(message)
        expect(stdout).to.not.match(OF_CLUSTERS)
        const shown = await run(...argv)
        expect([shown.exitCode, shown.stdout]).to.deep.equal([8, ''])
        expect(shown.stderr).to.contain(`error: ${message}`)
        expect(writes()).to.deep.equal([])
      })
    }

    it('is where its guests are, and cannot be left for others', async () => {
      const same = await run('vm', 'migrate', 'db', '--to', 'solo', '--json')
      expect([same.exitCode, same.json().changed]).to.deep.equal([0, false])
      const elsewhere = await run('lxc', 'migrate', 'dns', '--to', 'pve9', '--restart', '--json')
      expect([elsewhere.exitCode, elsewhere.json().error.hint]).to.deep.equal([5, 'The nodes are: solo'])
      expect(writes()).to.deep.equal([])
    })

    it('is awake when it answers, reboots once its guests are down, and is off when it falls silent', async () => {
      const awake = await run('node', 'wake', '--json')
      expect([awake.exitCode, awake.json().state]).to.deep.equal([0, 'online'])
      for (const noun of ['vm', 'lxc']) await run(noun, 'shutdown', '--all', '--yes')
      server.requests.length = 0
      const quick = ['--yes', '--poll-interval', '20ms', '--timeout', '20s', '--json']
      const rebooted = await run('node', 'reboot', ...quick)
      expect(rebooted.json(), rebooted.stdout).to.include({node: 'solo', state: 'back', changed: true})
      const off = await run('node', 'shutdown', ...quick)
      expect(off.json(), off.stdout).to.include({node: 'solo', state: 'off', changed: true})
      expect(writes()).to.deep.equal(['POST /nodes/solo/status', 'POST /nodes/solo/status'])
      const gone = await run('node', 'wake', '--json')
      expect([gone.exitCode, gone.json().error.code]).to.deep.equal([3, 'unreachable'])
    })
  })
}

describe('nodes in a cluster', () => {
  it('are named where one of them is meant', async () => {
    const cluster = await startCluster()
    try {
      for (const verb of ['show', 'drain', 'reboot']) {
        const {exitCode, json} = await cluster.run(['proxmox', 'node', verb, '--json'])
        expect([exitCode, json().error.code]).to.deep.equal([2, 'usage'])
        expect(json().error).to.include({message: 'missing NODE', hint: 'Name one of: pve1, pve2, pve3'})
      }
    } finally {
      await cluster.stop()
    }
  })
})
