import {expect} from 'chai'

import {ConfigFolder} from '../helpers/config-folder.js'
import {startCluster, type TestCluster} from '../helpers/cluster.js'

const DEBIAN = 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst'
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ4Yq1Zb0m0o1y4m1r1cQ9t8o7sXv1i6b8Qk2s6v9aN me@laptop'
const ON_LVM = ['--storage', 'local-lvm']

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`lxc create: several, files, classes and templates on ${pveVersion}`, () => {
    let cluster: TestCluster
    let folder: ConfigFolder

    beforeEach(async () => {
      cluster = await startCluster({pveVersion})
      folder = new ConfigFolder()
    })

    afterEach(async () => {
      folder.remove()
      await cluster.stop()
    })

    const run = (...argv: string[]) =>
      cluster.run(['proxmox', 'lxc', ...argv, '--json'], {configDir: folder.path, cwd: folder.path})
    const create = async (...argv: string[]) => {
      const {exitCode, json, stdout} = await run('create', ...argv)
      return {exitCode, stdout, result: json()}
    }

    const configOf = async (name: string) => (await run('show', name)).json().config
    const writes = () => cluster.requests.filter(({method}) => method !== 'GET')
    /** A container on shared storage that is a template. */
    const makeTemplate = async (name: string, ...argv: string[]) => {
      const made = await create(name, 'debian-12', '--node', 'pve1', '--storage', 'nas', ...argv)
      expect(made.exitCode, made.stdout).to.equal(0)
      expect((await run('template', name, '--yes')).exitCode).to.equal(0)
      cluster.requests.length = 0
      return made.result.vmid as number
    }

    it('makes several, numbered and spread, as if those before them were there', async () => {
      const {exitCode, result, stdout} = await create(
        ...['work', 'debian-12', ...ON_LVM, '--memory', '20GiB', '--count', '3', '--start', '--wait-for', 'running'],
      )
      expect(exitCode, stdout).to.equal(0)
      expect(result.summary).to.deep.equal({ok: 3, failed: 0})
      expect(result.results.map(({target}: {target: string}) => target)).to.deep.equal(['work-1', 'work-2', 'work-3'])
      const made = result.results as {node: string; vmid: number; status: string; steps: {step: string}[]}[]
      expect(new Set(made.map(({node}) => node)).size).to.be.greaterThan(1)
      expect(new Set(made.map(({vmid}) => vmid)).size).to.equal(3)
      for (const {status, steps} of made) {
        expect(status).to.equal('running')
        expect(steps.map(({step}) => step)).to.deep.equal(['start', 'wait'])
      }
    })

    it('makes none of several where one finds no room, no name or no VMID', async () => {
      const room = await create('work', 'debian-12', ...ON_LVM, '--memory', '20GiB', '--count', '9')
      expect(room.exitCode).to.equal(8)
      expect(room.result.error.message).to.match(/^there is room for \d of 9 only: /)
      expect((await create('dns', 'debian-12', ...ON_LVM, '--count', '2')).exitCode).to.equal(0)
      cluster.requests.length = 0
      const name = await create('dns', 'debian-12', ...ON_LVM, '--count', '3')
      expect(name.exitCode).to.equal(6)
      expect(name.result.error.message).to.contain('dns-1 (VMID')
      const vmid = await create('other', 'debian-12', ...ON_LVM, '--count', '3', '--vmid', '99')
      expect(vmid.exitCode).to.equal(2)
      const taken = await create('other', 'debian-12', ...ON_LVM, '--count', '3', '--vmid', '199')
      expect(taken.exitCode).to.equal(6)
      expect(taken.result.error.message).to.contain('VMID 200 is taken')
      const address = await create('other', 'debian-12', ...ON_LVM, '--count', '2', '--ip', '192.0.2.7/24')
      expect(address.exitCode).to.equal(2)
      expect(address.result.error.message).to.contain('192.0.2.7/24')
      expect(writes()).to.deep.equal([])
    })

    it('fetches a template once for several on a node', async () => {
      const argv = ['a', 'alpine-3.20', ...ON_LVM, '--download', '--node', 'pve3', '--count', '3']
      const {exitCode, result, stdout} = await create(...argv)
      expect(exitCode, stdout).to.equal(0)
      expect(
        cluster.requests.filter(({path, method}) => method === 'POST' && path.endsWith('/aplinfo')),
      ).to.have.length(1)
      for (const {steps} of result.results) expect(steps[0].step).to.equal('fetch')
    })

    it('reads a description; what is typed goes before it', async () => {
      folder.write(
        'dns.yaml',
        [
          'name: dns1',
          'template: debian-12',
          'storage: local-lvm',
          'cores: 2',
          'memory: 1024',
          'swap: 0',
          'diskSize: 4',
          'mounts: local-lvm:1GiB,mp=/data',
          'nets: [name=wan,bridge=vmbr0,ip=dhcp]',
          'dns: [192.0.2.1, 192.0.2.2]',
          'searchDomain: lab.example',
          'timezone: Europe/Berlin',
          'startup: 2,up=30',
          'onBoot: true',
          'tags: [infra]',
          `sshKeys: ${KEY}`,
          'start: true',
        ].join('\n'),
      )
      const {exitCode, result, stdout} = await create('-f', 'dns.yaml', '--memory', '2GiB', '--ip', '192.0.2.53/24')
      // The NIC of the file is one in full: it would be a guess which of the two is meant.
      expect(exitCode, stdout).to.equal(2)
      expect(result.error.message).to.contain('describe the same NIC')
      const made = await create(
        ...['-f', 'dns.yaml', '--memory', '2GiB', '--net', 'ip=192.0.2.53/24,gw=192.0.2.1', '--no-on-boot'],
      )
      expect(made.exitCode, made.stdout).to.equal(0)
      expect(made.result).to.include({name: 'dns1', status: 'running'})
      const config = await configOf('dns1')
      expect(config).to.include({
        cores: 2,
        memory: 2048,
        swap: 0,
        nameserver: '192.0.2.1 192.0.2.2',
        searchdomain: 'lab.example',
        timezone: 'Europe/Berlin',
        startup: 'order=2,up=30',
        tags: 'infra',
      })
      expect(config.rootfs).to.contain('size=4G')
      expect(config.mp0).to.contain('mp=/data').and.to.contain('size=1G')
      expect(config.net0).to.match(/^name=eth0,bridge=vmbr0,gw=192\.0\.2\.1,.*ip=192\.0\.2\.53\/24/)
      expect(config.onboot ?? false).to.equal(false)

      folder.write('bad.yaml', 'name: web\ntemplate: debian-12\nmemroy: 1024\nswap: lots\n')
      const bad = await create('-f', 'bad.yaml')
      expect(bad.exitCode).to.equal(2)
      expect(bad.result.error.message).to.contain('memroy: is not a known key')
      expect(JSON.stringify(bad.result.error)).to.contain('swap')
    })

    it('takes a machine class, but none of VMs', async () => {
      folder.write(
        'config.yaml',
        [
          'machineClasses:',
          '  small: {template: debian-12-standard, cores: 1, memory: 256, storage: local-lvm, node: pve3, tags: [k8s]}',
          '  cloud: {image: "https://example.com/a.qcow2", cores: 1}',
          '  vms: {template: ubuntu-22.04, storage: local-lvm}',
          '',
        ].join('\n'),
      )
      const made = await create('web', '--class', 'small', '--cores', '2')
      expect(made.exitCode, made.stdout).to.equal(0)
      expect(made.result.placement).to.include({node: 'pve3', reason: 'the machine class "small" is bound to it'})
      expect(await configOf('web')).to.include({cores: 2, memory: 256, tags: 'k8s'})
      cluster.requests.length = 0
      const image = await create('db', '--class', 'cloud')
      expect(image.exitCode).to.equal(2)
      expect(image.result.error.message).to.contain('"cloud" is made of a disk image, and only VMs are')
      const template = await create('db', '--class', 'vms')
      expect(template.exitCode).to.equal(5)
      expect(template.result.error.message)
        .to.contain('the machine class "vms" names')
        .and.to.contain('template of VMs')
      expect(writes()).to.deep.equal([])
      // Its other values are good for anything.
      expect((await create('db', 'debian-12', '--class', 'vms', '--dry-run')).exitCode).to.equal(0)
    })

    it('copies a container that is a template, and changes the copy', async () => {
      const vmid = await makeTemplate('base', '--disk-size', '2GiB', '--tag', 'old', '--mount', 'nas:1GiB,mp=/srv')
      const {exitCode, result, stdout} = await create(
        ...['web', 'base', '--cores', '2', '--memory', '1GiB', '--disk-size', '3GiB', '--ip', '192.0.2.7/24'],
        ...['--gateway', '192.0.2.1', '--net', 'none', '--start'],
      )
      expect(exitCode, stdout).to.equal(2)
      expect(result.error.message).to.contain('describe the same NIC')
      const made = await create(
        ...['web', 'base', '--cores', '2', '--memory', '1GiB', '--disk-size', '3GiB', '--ip', '192.0.2.7/24'],
        ...['--gateway', '192.0.2.1', '--mount', 'nas:2GiB,mp=/data', '--tag', 'new', '--description', 'a copy'],
        ...['--dns', '192.0.2.1', '--start'],
      )
      expect(made.exitCode, made.stdout).to.equal(0)
      expect(made.result).to.deep.include({
        type: 'lxc',
        status: 'running',
        source: {kind: 'template', name: 'base', vmid, node: 'pve1'},
      })
      expect(made.result.steps.map(({step}: {step: string}) => step)).to.deep.equal(['configure', 'resize', 'start'])
      const config = await configOf('web')
      expect(config).to.include({hostname: 'web', cores: 2, memory: 1024, tags: 'new', nameserver: '192.0.2.1'})
      expect(config.description.trim()).to.equal('a copy')
      expect(config.rootfs).to.contain('size=3G')
      expect(config.mp0).to.contain('mp=/srv')
      expect(config.mp1).to.contain('mp=/data').and.to.contain('size=2G')
      expect(config.net0).to.match(/^name=eth0,bridge=vmbr0,gw=192\.0\.2\.1,hwaddr=[\dA-F:]+,ip=192\.0\.2\.7\/24/)
      expect(config).not.to.have.property('template')
    })

    it('copies a template where its disks can be seen, several one after the other', async () => {
      await makeTemplate('base')
      const several = await create('web', 'base', '--count', '3')
      expect(several.exitCode, several.stdout).to.equal(0)
      const nodes = several.result.results.map(({node}: {node: string}) => node)
      expect(nodes).not.to.include('pve3')
      const rejected = several.result.results[0].placement.rejected as {node: string; reason: string}[]
      expect(rejected.find(({node}) => node === 'pve3')?.reason).to.contain('shares no disk storage with pve1')
      const named = await create('other', 'base', '--node', 'pve3')
      expect(named.exitCode).to.equal(8)
    })

    it('makes a linked copy by the number of its template, and says what a copy cannot be given', async () => {
      const made = await create('thin', 'debian-12', '--node', 'pve2', ...ON_LVM)
      expect((await run('template', 'thin', '--yes')).exitCode).to.equal(0)
      const planned = await create('web', String(made.result.vmid), '--linked', '--dry-run')
      expect(planned.result.steps).to.deep.equal([`linked clone of thin (container ${made.result.vmid})`])
      const linked = await create('web', String(made.result.vmid), '--linked', '--node', 'pve2')
      expect(linked.exitCode, linked.stdout).to.equal(0)
      expect(linked.result).to.include({node: 'pve2', status: 'stopped'})
      cluster.requests.length = 0
      const refusals: readonly (readonly [string, number, string[]])[] = [
        ['--linked goes with a template', 2, ['debian-12', '--linked', '--node', 'pve1']],
        ['--privileged makes no sense for a clone', 2, ['thin', '--privileged']],
        ['--rootfs makes no sense for a clone', 2, ['thin', '--rootfs', 'nas:8GiB']],
        ['--ssh-key makes no sense for a clone', 2, ['thin', '--ssh-key', folder.write('key.pub', `${KEY}\n`)]],
        ['--no-net makes no sense for a clone', 2, ['thin', '--no-net']],
        ["less than the 8 GiB of the template's", 2, ['thin', '--disk-size', '1GiB']],
        ['the feature keyctl', 4, ['thin', '--feature', 'keyctl']],
        ['the mount of /srv', 4, ['thin', '--mount', '/srv,mp=/srv']],
        ['already', 2, ['thin', '--net', 'name=eth0,bridge=vmbr0,ip=dhcp']],
        ['needs a fixed address', 2, ['thin', '--gateway', '192.0.2.1']],
      ]
      for (const [message, code, argv] of refusals) {
        const {exitCode, result, stdout} = await create('x', ...argv)
        expect(exitCode, stdout).to.equal(code)
        expect(result.error.message).to.contain(message)
      }

      expect(writes()).to.deep.equal([])
    })

    it('goes where the bridge is', async () => {
      const added = await cluster.run([
        ...['proxmox', 'api', 'post', '/nodes/pve3/network', '-d', 'iface=vmbr7', '-d', 'type=bridge', '--json'],
      ])
      expect(added.exitCode, added.stdout).to.equal(0)
      const reload = await cluster.run(['proxmox', 'api', 'put', '/nodes/pve3/network', '--json'])
      expect(reload.exitCode, reload.stdout).to.equal(0)
      const made = await create('web', 'debian-12', ...ON_LVM, '--bridge', 'vmbr7')
      expect(made.exitCode, made.stdout).to.equal(0)
      expect(made.result.node).to.equal('pve3')
      expect(made.result.placement.rejected).to.deep.include({
        node: 'pve2',
        reason: 'it has no bridge vmbr7, only vmbr0',
      })
      cluster.requests.length = 0
      const named = await create('db', 'debian-12', ...ON_LVM, '--bridge', 'vmbr7', '--node', 'pve1')
      expect(named.exitCode).to.equal(8)
      expect(named.result.error.message).to.contain('it has no bridge vmbr7, only vmbr0')
      const nowhere = await create('db', 'debian-12', ...ON_LVM, '--net', 'bridge=vmbr9,ip=dhcp')
      expect(nowhere.exitCode).to.equal(8)
      const vm = await cluster.run(['proxmox', 'vm', 'create', 'x', '--empty', ...ON_LVM, '--net', 'vmbr9', '--json'])
      expect(vm.exitCode).to.equal(8)
      expect(writes()).to.deep.equal([])
    })

    it('prints what does the same in a shell, and sends nothing', async () => {
      const lines = async (...argv: string[]) => {
        const {exitCode, result, stdout} = await create(...argv, '--print-native')
        expect(exitCode, stdout).to.equal(0)
        return (result.commands as {node: string; command: string}[]).map(({command}) => command)
      }

      const plain = await lines('web', DEBIAN, '--node', 'pve1', '--vmid', '777', ...ON_LVM, '--start')
      expect(plain).to.deep.equal([
        `pct create 777 ${DEBIAN} --hostname web --unprivileged 1 --memory 512 --rootfs local-lvm:8 --net0 name=eth0,bridge=vmbr0,ip=dhcp --features nesting=1`,
        'pct start 777',
      ])
      const fetched = await lines('web', 'alpine-3.20', '--download', '--node', 'pve1', ...ON_LVM)
      expect(fetched[0]).to.match(/^pveam download local alpine-3\.20-default_\S+\.tar\.xz$/)
      const vmid = await makeTemplate('base')
      const cloned = await lines(
        'web',
        'base',
        '--node',
        'pve1',
        '--vmid',
        '777',
        '--cores',
        '2',
        '--disk-size',
        '9GiB',
      )
      expect(cloned).to.deep.equal([
        `pct clone ${vmid} 777 --hostname web --full 1`,
        'pct set 777 --cores 2',
        'pct resize 777 rootfs 9G',
      ])
      if (pveVersion === '9.2') {
        const pulled = await lines('web', '--oci', 'docker.io/library/nginx:1.27', '--node', 'pve1', ...ON_LVM)
        expect(pulled[0]).to.equal(
          'pvesh create /nodes/pve1/storage/local/oci-registry-pull --reference docker.io/library/nginx:1.27 --filename nginx_1.27',
        )
      }

      expect(writes()).to.deep.equal([])
    })

    it('refuses what cannot be, before anything is sent', async () => {
      const refusals: readonly (readonly [string, number, string[]])[] = [
        ['is no time zone', 2, ['web', 'debian-12', ...ON_LVM, '--timezone', 'Europe/Berln']],
        ['--startup: "soon"', 2, ['web', 'debian-12', ...ON_LVM, '--startup', 'soon']],
        ['a container has no guest agent', 8, ['web', 'debian-12', ...ON_LVM, '--start', '--wait-for', 'agent']],
        ['--wait-for is about a container', 2, ['web', 'debian-12', ...ON_LVM, '--wait-for', 'ip4']],
        ['nothing is said about the name', 2, ['--oci', 'docker.io/library/nginx:1.27']],
        [
          '--rootfs and --disk-size',
          2,
          ['-f', folder.write('root.yaml', 'diskSize: 4\nrootfs: nas:8\nname: w\ntemplate: d')],
        ],
        ['no volume', 5, ['web', 'local:vztmpl/nope.tar.zst', ...ON_LVM]],
        ['whole MiB', 2, ['web', 'debian-12', ...ON_LVM, '--memory', '1000']],
      ]
      for (const [message, code, argv] of refusals) {
        const {exitCode, result, stdout} = await create(...argv)
        expect(exitCode, stdout).to.equal(code)
        expect(`${result.error.message} ${result.error.hint}`).to.contain(message)
      }

      expect(writes()).to.deep.equal([])
    })
  })
}
