import {expect} from 'chai'

import {containerCreate} from '../../src/cli/wiring/container-create.js'
import {servicesFor, startCluster, type TestCluster} from '../helpers/cluster.js'

import type {ContainerCreateRequest} from '../../src/services/container-create-request.js'
import type {SimulatorOptions} from '../../src/simulator/start-simulator.js'

const DEBIAN = 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst'
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ4Yq1Zb0m0o1y4m1r1cQ9t8o7sXv1i6b8Qk2s6v9aN me@laptop'
const ON_LVM = ['--storage', 'local-lvm']

const REQUEST: Omit<ContainerCreateRequest, 'name'> = {
  source: {kind: 'appliance', name: 'debian-12'},
  fetch: {download: false},
  setup: {mounts: [], net: new Map(), nets: [], features: []},
  layers: {asked: {storage: 'local-lvm'}, nodeDefaults: {}, defaults: {}},
  waitFor: [],
  start: false,
  removeOnFailure: false,
  rootLogin: false,
}

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`lxc create on ${pveVersion}`, () => {
    let cluster: TestCluster

    const start = async (options: SimulatorOptions = {}) => {
      cluster = await startCluster({pveVersion, ...options})
    }

    afterEach(() => cluster.stop())

    const create = async (...argv: string[]) => {
      const {json, exitCode} = await cluster.run(['proxmox', 'lxc', 'create', ...argv, '--json'])
      return {exitCode, result: json()}
    }

    const configOf = async (name: string) => {
      const shown = await cluster.run(['proxmox', 'lxc', 'show', name, '--json'])
      return shown.json().config
    }

    const writes = () => cluster.requests.filter(({method}) => method !== 'GET')

    it('makes an unprivileged container with a network of the newest template that fits', async () => {
      await start()
      const {exitCode, result} = await create('web', 'debian-12', ...ON_LVM, '--start')
      expect(exitCode).to.equal(0)
      expect(result).to.deep.include({
        name: 'web',
        type: 'lxc',
        status: 'running',
        source: {kind: 'appliance', volume: DEBIAN},
      })
      expect(result.task.outcome).to.equal('ok')
      expect(result.placement.reason).to.be.a('string')
      const config = await configOf('web')
      expect(config).to.include({hostname: 'web', unprivileged: true, features: 'nesting=1', memory: 512})
      expect(config.net0).to.match(/^name=eth0,bridge=vmbr0,hwaddr=[\dA-F:]+,ip=dhcp,type=veth$/)
      expect(config.rootfs).to.match(/^local-lvm:vm-\d+-disk-0,size=8G$/)
    })

    it('sets what it is told', async () => {
      await start()
      const {exitCode} = await create(
        ...['files', DEBIAN, '--node', 'pve1', '--vmid', '555', '--cores', '2', '--memory', '2GiB', '--swap', '0'],
        ...['--rootfs', 'local-lvm:16GiB', '--mount', 'nas:20GiB,mp=/srv/files,backup', '--tag', 'infra', '--tag', 'x'],
        ...['--ip', '192.0.2.53/24', '--gateway', '192.0.2.1', '--vlan', '20', '--dns', '192.0.2.1,192.0.2.2'],
        ...['--search', 'lab.example', '--no-nesting', '--on-boot', '--protection', '--startup', 'order=2'],
        ...['--description', 'all of it', '--pool', 'lab'],
      )
      expect(exitCode).to.equal(0)
      const config = await configOf('555')
      expect(config).to.include({
        hostname: 'files',
        cores: 2,
        memory: 2048,
        swap: 0,
        nameserver: '192.0.2.1 192.0.2.2',
        searchdomain: 'lab.example',
        onboot: true,
        protection: true,
        startup: 'order=2',
        tags: 'infra;x',
      })
      expect(config).not.to.have.property('features')
      expect(config.net0).to.match(/bridge=vmbr0,gw=192\.0\.2\.1,hwaddr=[\dA-F:]+,ip=192\.0\.2\.53\/24,tag=20/)
      expect(config.mp0).to.match(/^nas:555\/vm-555-disk-\d\.raw,mp=\/srv\/files,backup=1,size=20G$/)
    })

    it('gives root a password and keys, and shows neither', async () => {
      await start()
      const argv = ['proxmox', 'lxc', 'create', 'web', 'debian-12', ...ON_LVM, '--password-stdin', '--debug', '--json']
      const {exitCode, stderr, stdout} = await cluster.run(argv, {stdin: 'correct horse\n'})
      expect(exitCode).to.equal(0)
      expect(`${stdout}${stderr}`).not.to.contain('correct horse')
      const short = await cluster.run(argv, {stdin: 'four'})
      expect(short.exitCode).to.equal(2)
      const keys = await cluster.run(
        ['proxmox', 'lxc', 'create', 'keyed', 'debian-12', ...ON_LVM, '--ssh-key', '-', '--json'],
        {stdin: `${KEY}\n`},
      )
      expect(keys.exitCode).to.equal(0)
    })

    it('spends no write on a plan', async () => {
      await start()
      const {exitCode, result} = await create('web', 'debian-12', ...ON_LVM, '--start', '--dry-run')
      expect(exitCode).to.equal(0)
      expect(result).to.deep.include({dryRun: true, name: 'web', steps: [`create from ${DEBIAN}`, 'start']})
      expect(result.parameters).to.include({unprivileged: true, hostname: 'web', rootfs: 'local-lvm:8'})
      expect(writes()).to.deep.equal([])
    })

    it('goes where the template is', async () => {
      await start()
      const file = `nodes/pve2/storage/local/content/${DEBIAN.replace('/', '%2F')}`
      const removed = await cluster.run(['proxmox', 'api', 'delete', file, '--json'])
      expect(removed.exitCode).to.equal(0)
      const {result} = await create('web', 'debian-12', ...ON_LVM)
      expect(result.node).not.to.equal('pve2')
      expect(result.placement.rejected).to.deep.include({
        node: 'pve2',
        reason: 'the container template is on no storage there',
      })
      const named = await create('web2', 'debian-12', ...ON_LVM, '--node', 'pve2')
      expect(named.exitCode).to.equal(5)
    })

    it('fetches a template of the catalogue when asked to', async () => {
      await start()
      const refused = await create('web', 'alpine-3.20', ...ON_LVM)
      expect(refused.exitCode).to.equal(5)
      expect(refused.result.error.hint).to.contain('--download')
      expect(writes()).to.deep.equal([])
      const {exitCode, result} = await create('web', 'alpine-3.20', ...ON_LVM, '--download')
      expect(exitCode).to.equal(0)
      expect(result.steps).to.have.length(1)
      expect(result.steps[0].step).to.equal('fetch')
      expect(result.source.volume).to.match(/^local:vztmpl\/alpine-3\.20-default_/)
    })

    const refusals: readonly (readonly [string, number, string, string[]])[] = [
      ['no source', 2, 'what to make it of', ['web']],
      ['a storage left open', 2, 'several storages', ['web', 'debian-12']],
      ['an unknown storage', 5, 'no storage "nope"', ['web', 'debian-12', '--storage', 'nope']],
      ['a storage without container disks', 8, 'does not hold', ['web', 'debian-12', '--storage', 'local']],
      ['an unknown node', 5, 'no node "pve9"', ['web', 'debian-12', ...ON_LVM, '--node', 'pve9']],
      ['too much memory', 8, 'of memory left below 90%', ['web', 'debian-12', ...ON_LVM, '--memory', '9TiB']],
      ['a taken VMID', 6, 'VMID 100 is taken', ['web', 'debian-12', ...ON_LVM, '--vmid', '100']],
      ['a bad name', 2, 'web_1', ['web_1', 'debian-12', ...ON_LVM]],
      ['a VM template', 5, 'no container template "ubuntu-22.04-x"', ['web', 'ubuntu-22.04-x', ...ON_LVM]],
      ['a container as source', 5, 'is a container, not a file', ['web', 'dns', ...ON_LVM]],
      ['a mount without a path', 2, 'does not say where', ['web', 'debian-12', ...ON_LVM, '--mount', 'nas:8']],
      ['what only root may', 4, 'only root@pam', ['web', 'debian-12', ...ON_LVM, '--mount', '/srv,mp=/srv']],
      ['a root feature', 4, 'the feature keyctl', ['web', 'debian-12', ...ON_LVM, '--feature', 'keyctl']],
      ['a gateway alone', 2, 'needs a fixed address', ['web', 'debian-12', ...ON_LVM, '--gateway', '192.0.2.1']],
    ]
    it('refuses before anything is sent, and says why', async () => {
      await start()
      for (const [what, code, message, argv] of refusals) {
        const {exitCode, result} = await create(...argv)
        expect(exitCode, what).to.equal(code)
        expect(result.error.message, what).to.contain(message)
      }

      const {result} = await create('web', 'nosuch', ...ON_LVM)
      expect(result.error.hint).to.contain('homelab proxmox template files')
      expect(writes()).to.deep.equal([])
    })

    it('explains what root has to do with a line for the node', async () => {
      await start()
      const {result} = await create('web', 'debian-12', ...ON_LVM, '--mount', '/srv,mp=/srv')
      expect(result.error.details.native).to.contain(`pct create VMID ${DEBIAN} --hostname web`)
      expect(result.error.details.native).to.contain('--mp0 /srv,mp=/srv')
    })

    it('gives every one of several at once a VMID of its own', async () => {
      await start()
      const made = await Promise.all(
        Array.from({length: 8}, (_, index) =>
          containerCreate(servicesFor(cluster)).create(
            {...REQUEST, name: `ct-${index}`},
            {deadline: Number.POSITIVE_INFINITY},
            () => {},
          ),
        ),
      )
      expect(new Set(made.map((one) => one._unsafeUnwrap().vmid)).size).to.equal(8)
    })

    for (const moment of ['before', 'after'] as const) {
      it(`makes one container when the answer is lost ${moment} acting`, async () => {
        await start()
        let lost = 0
        cluster.meddle = ({method, path}) =>
          method === 'POST' && path.endsWith('/lxc') && lost++ === 0 ? {drop: moment} : undefined
        const {exitCode, result} = await create('web', 'debian-12', ...ON_LVM)
        expect(exitCode).to.equal(0)
        const listed = await cluster.run(['proxmox', 'lxc', 'list', '-l', 'name=web', '--json'])
        expect(listed.json().map(({vmid}: {vmid: number}) => vmid)).to.deep.equal([result.vmid])
      })
    }

    it('removes a container that does not start, when asked to', async () => {
      await start()
      await cluster.simulator.faults.add({kind: 'task-fail', type: 'vzstart', text: 'startup for container failed'})
      const {exitCode, result} = await create('web', 'debian-12', ...ON_LVM, '--start', '--rm-on-failure')
      expect(exitCode).to.equal(11)
      expect(result.error.message).to.contain('was removed again')
      const listed = await cluster.run(['proxmox', 'lxc', 'list', '-l', 'name=web', '--json'])
      expect(listed.json()).to.deep.equal([])
    })

    it('makes containers of OCI images where the release can', async () => {
      await start()
      const image = ['web', '--oci', 'docker.io/library/nginx:1.27', ...ON_LVM]
      if (pveVersion === '8.4') {
        const {exitCode, result} = await create(...image)
        expect(exitCode).to.equal(8)
        expect(result.error.message).to.contain('needs Proxmox VE 9.1')
        expect(writes()).to.deep.equal([])
        return
      }

      const untagged = await create('web', '--oci', 'docker.io/library/nginx', ...ON_LVM)
      expect(untagged.exitCode).to.equal(2)
      expect(untagged.result.error.details.tags).to.include('1.27')
      expect((await create('web', '--oci', 'docker.io/library/nginx:0.1', ...ON_LVM)).exitCode).to.equal(5)
      const {exitCode, result} = await create(...image)
      expect(exitCode).to.equal(0)
      expect(result.source).to.deep.equal({
        kind: 'oci',
        volume: 'local:vztmpl/nginx_1.27.tar',
        reference: 'docker.io/library/nginx:1.27',
      })
      // The file is there by now.
      expect((await create('web2', '--node', result.node, ...image.slice(1))).result).not.to.have.property('steps')
    })
  })
}
