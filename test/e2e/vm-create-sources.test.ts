import {expect} from 'chai'
import {createHash} from 'node:crypto'
import fs from 'node:fs'
import http from 'node:http'
import type {AddressInfo} from 'node:net'
import os from 'node:os'
import path from 'node:path'

import {vmCreate} from '../../src/cli/wiring/vm-create.js'
import {servicesFor, startCluster, type Meddle, type TestCluster} from '../helpers/cluster.js'
import {vmRequest} from '../helpers/vm-request.js'

const ISO = 'local:iso/debian-12.7.0-amd64-netinst.iso'
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ4Yq1Zb0m0o1y4m1r1cQ9t8o7sXv1i6b8Qk2s6v9aN me@laptop'
const IMAGE = Buffer.alloc(5000, 7)
const SHA256 = createHash('sha256').update(IMAGE).digest('hex')

/** Breaks the first request that fits. */
function once(fits: (request: Parameters<Meddle>[0]) => boolean, what: ReturnType<Meddle>): Meddle {
  let done = false
  return (request) => {
    if (done || !fits(request)) return undefined
    done = true
    return what
  }
}

const isCreate = ({method, path: at}: Parameters<Meddle>[0]) => method === 'POST' && /^\/nodes\/\w+\/qemu$/.test(at)
const isDownload = ({method, path: at}: Parameters<Meddle>[0]) => method === 'POST' && at.endsWith('/download-url')

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`vm create from other sources than templates, on Proxmox VE ${pveVersion}`, () => {
    let cluster: TestCluster
    let web: http.Server
    let image: string
    let served: number

    beforeEach(async () => {
      cluster = await startCluster({pveVersion})
      served = 0
      web = http.createServer((request, response) => {
        if (request.method === 'GET') served++
        response.setHeader('content-length', IMAGE.length)
        response.end(request.method === 'GET' ? IMAGE : undefined)
      })
      await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
      image = `http://127.0.0.1:${(web.address() as AddressInfo).port}/debian-12.qcow2`
    })

    afterEach(async () => {
      web.close()
      await cluster.stop()
    })

    const create = (...argv: string[]) => cluster.run(['proxmox', 'vm', 'create', ...argv, '--json'])
    const config = async (vm: number | string) =>
      (await cluster.run(['proxmox', 'vm', 'show', String(vm), '--json'])).json().config
    const named = async (pattern: string): Promise<{vmid: number; name: string; node: string}[]> =>
      (await cluster.run(['proxmox', 'vm', 'list', '-l', `name~${pattern}`, '--json'])).json()
    const writes = () => cluster.requests.filter(({method}) => method !== 'GET')
    const files = async (node: string): Promise<string[]> => {
      const listed = await cluster.run(['proxmox', 'api', 'get', `/nodes/${node}/storage/local/content`, '--json'])
      return listed.json().flatMap(({volid}: {volid: string}) => (volid.includes(':import/') ? [volid] : []))
    }

    it('installs from an ISO, and says whether it runs', async () => {
      const {json, exitCode} = await create('web', '--iso', ISO, '--storage', 'local-lvm', '--start')
      expect(exitCode).to.equal(0)
      const vm = json()
      expect(vm).to.include({name: 'web', type: 'qemu', node: 'pve2', status: 'running'})
      expect(vm.source).to.deep.equal({kind: 'iso', volume: ISO})
      expect(vm.placement.reason).to.equal('most free memory among 3 eligible nodes')
      expect(vm.steps.map(({step}: {step: string}) => step)).to.deep.equal(['start'])
      const made = await config(vm.vmid)
      expect(made).to.include({boot: 'order=scsi0;ide2', machine: 'q35', ostype: 'l26', memory: 2048, cores: 2})
      expect(made.ide2).to.equal(`${ISO},media=cdrom,size=631M`)
      expect(made.scsi0).to.match(/^local-lvm:vm-\d+-disk-0,.*size=32G/)
    })

    it('makes what every hardware flag asks for', async () => {
      const {exitCode, json} = await create(
        ...['pc', '--empty', '--node', 'pve3', '--vmid', '777', '--pool', 'lab', '--tag', 'a', '--tag', 'b'],
        ...['--firmware', 'uefi', '--no-secure-boot', '--tpm', '--cpu', 'host', '--cores', '3', '--sockets', '2'],
        ...['--numa', '--memory', '3GiB', '--balloon', '1GiB', '--disk', 'local-lvm:5GiB,ssd,discard,iothread'],
        ...['--disk', 'local-lvm:1GiB,bus=sata', '--net', 'vmbr0,vlan=20,firewall', '--net', 'model=e1000'],
        ...['--boot', 'net0,scsi0', '--agent', '--protection', '--on-boot', '--description', 'two\nlines'],
        ...['--vga', 'virtio', '--serial', '--machine', 'i440fx', '--set', 'hotplug=disk,network', '--startup', '3'],
      )
      expect(exitCode, JSON.stringify(json())).to.equal(0)
      expect(json()).to.include({vmid: 777, node: 'pve3'})
      const made = await config(777)
      expect(made).to.include({
        bios: 'ovmf',
        cpu: 'host',
        cores: 3,
        sockets: 2,
        numa: true,
        memory: 3072,
        balloon: 1024,
        boot: 'order=net0;scsi0',
        agent: '1',
        protection: true,
        onboot: true,
        description: 'two\nlines',
        vga: 'virtio',
        serial0: 'socket',
        machine: 'pc',
        hotplug: 'disk,network',
        startup: 'order=3',
        tags: 'a;b',
      })
      expect(made.efidisk0).to.contain('efitype=4m').and.to.contain('pre-enrolled-keys=0')
      expect(made.tpmstate0).to.contain('version=v2.0')
      expect(made.scsi0).to.contain('iothread=1').and.to.contain('ssd=1')
      expect(made.sata0).to.contain('size=1G')
      expect(made.net0).to.match(/^virtio=[\dA-F:]+,bridge=vmbr0,.*tag=20/)
      expect(made.net1).to.match(/^e1000=/)
    })

    it('downloads an image, imports it, grows it and tells cloud-init', async () => {
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'homelab-keys-'))
      fs.writeFileSync(path.join(folder, 'id.pub'), `${KEY}\n`)
      const {json, exitCode} = await cluster.run(
        [
          ...['proxmox', 'vm', 'create', 'web', '--image', image, '--checksum', `sha256:${SHA256}`, '--node', 'pve3'],
          ...['--disk-size', '8GiB', '--user', 'ops', '--ssh-key', path.join(folder, 'id.pub'), '--password-stdin'],
          ...['--ip', '192.0.2.7/24', '--gateway', '192.0.2.1', '--start', '--wait-for', 'running', '--json'],
        ],
        {stdin: 'not-so-secret\n'},
      )
      fs.rmSync(folder, {recursive: true})
      expect(exitCode, JSON.stringify(json())).to.equal(0)
      const vm = json()
      const volume = `local:import/debian-12-sha256-${SHA256.slice(0, 16)}.qcow2`
      expect(vm.source).to.deep.equal({kind: 'image', volume, url: image, downloaded: true})
      expect(vm.steps.map(({step}: {step: string}) => step)).to.deep.equal(['download', 'resize', 'start', 'wait'])
      expect(vm.steps[0].task.outcome).to.equal('ok')
      const made = await config(vm.vmid)
      expect(made.scsi0).to.contain('size=8G')
      expect(made).to.include({ciuser: 'ops', ipconfig0: 'ip=192.0.2.7/24,gw=192.0.2.1', vga: 'serial0'})
      expect(made.ide2).to.contain('cloudinit')
      expect(decodeURIComponent(made.sshkeys)).to.equal(KEY)
      expect(JSON.stringify(vm)).not.to.contain('not-so-secret')
    })

    it('uses a file again that is there, and only the same', async () => {
      expect((await create('a', '--image', image, '--node', 'pve3')).exitCode).to.equal(0)
      const again = await create('b', '--image', image, '--node', 'pve3')
      expect(again.json().source.downloaded).to.equal(false)
      expect(served).to.equal(1)
      const byVolume = await create('c', '--image', 'local:import/debian-12.qcow2')
      expect(byVolume.json()).to.include({node: 'pve3'})
      expect(byVolume.json().placement.rejected).to.deep.include({
        node: 'pve2',
        reason: 'local:import/debian-12.qcow2 is not there',
      })

      const other = http.createServer((_request, response) => response.setHeader('content-length', 9).end('something'))
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
      const elsewhere = `http://127.0.0.1:${(other.address() as AddressInfo).port}/debian-12.qcow2`
      const refused = await create('d', '--image', elsewhere, '--node', 'pve3')
      other.close()
      expect(refused.exitCode).to.equal(6)
      expect(refused.json().error.code).to.equal('already-exists')
    })

    it('leaves nothing behind when the checksum is another', async () => {
      const {json, exitCode} = await create(
        ...['web', '--image', image, '--checksum', `sha256:${'0'.repeat(64)}`, '--node', 'pve3'],
      )
      expect(exitCode).to.equal(7)
      expect(json().error.message).to.contain('checksum mismatch')
      expect(json().error.upid).to.contain(':download:')
      expect(await named('^web$')).to.deep.equal([])
      expect(await files('pve3')).to.deep.equal([])
      expect(writes().map(({path: at}) => at)).to.deep.equal(['/nodes/pve3/storage/local/download-url'])
    })

    it('adopts its task when the answer is lost, and sends again what never came through', async () => {
      // Looking for a task takes seconds of real time: one release is enough for the second half.
      const drops = pveVersion === '9.2' ? (['after', 'before'] as const) : (['after'] as const)
      for (const drop of drops) {
        cluster.meddle = once(isCreate, {drop})
        const {json, exitCode} = await create(`web-${drop}`, '--empty', '--node', 'pve3')
        expect(exitCode, drop).to.equal(0)
        expect((await named(`^web-${drop}$`)).map(({vmid}) => vmid)).to.deep.equal([json().vmid])
      }

      for (const drop of drops) {
        cluster.meddle = once(isDownload, {drop})
        const url = image.replace('debian-12', drop)
        const {json, exitCode} = await create(`image-${drop}`, '--image', url, '--node', 'pve3')
        expect(exitCode, JSON.stringify(json())).to.equal(0)
        expect(json().source).to.include({volume: `local:import/${drop}.qcow2`, downloaded: true})
      }

      expect(served).to.equal(drops.length)
    }).timeout(20_000)

    it('gives ten rivals a VMID each', async () => {
      const made = await Promise.all(
        Array.from({length: 10}, (_, i) =>
          vmCreate(servicesFor(cluster)).create(
            vmRequest({name: `rival-${i}`, node: 'pve3'}),
            {deadline: Date.now() + 50_000},
            () => {},
          ),
        ),
      )
      const vmids = made.map((result) => result._unsafeUnwrap().vmid)
      expect(new Set(vmids).size).to.equal(10)
      const listed = await named('^rival-')
      expect(listed.map(({vmid}) => vmid).sort()).to.deep.equal([...vmids].sort())
    }).timeout(60_000)

    it('plans with GET requests alone, and tells every parameter', async () => {
      const {json, exitCode} = await create('web', '--image', image, '--node', 'pve3', '--user', 'ops', '--dry-run')
      expect(exitCode).to.equal(0)
      expect(json()).to.deep.include({dryRun: true, name: 'web', node: 'pve3'})
      expect(json().steps).to.deep.equal([
        `download ${image} to local:import/debian-12.qcow2`,
        'create the VM with a copy of the image as its disk',
      ])
      expect(json().parameters).to.include({
        name: 'web',
        scsi0: 'local-lvm:0,import-from=local:import/debian-12.qcow2,discard=on,ssd=1,iothread=1',
        ide2: 'local-lvm:cloudinit',
        ciuser: 'ops',
      })
      expect(writes()).to.deep.equal([])
    })

    it("prints lines of Proxmox VE's own tools, without any secret", async () => {
      const {stdout, exitCode} = await cluster.run(
        ['proxmox', 'vm', 'create', 'web', '--image', image, '--node', 'pve3', '--password-stdin', '--print-native'],
        {stdin: 'not-so-secret'},
      )
      expect(exitCode).to.equal(0)
      const lines = stdout.trim().split('\n')
      expect(lines[0]).to.equal('# on pve3')
      expect(lines[1]).to.equal(
        `pvesh create /nodes/pve3/storage/local/download-url --content import --filename debian-12.qcow2 --url ${image}`,
      )
      expect(lines[2]).to.equal("read -rsp 'cipassword: ' CIPASSWORD")
      expect(lines[3])
        .to.match(/^qm create \d+ --name web /)
        .and.to.contain('--cipassword "$CIPASSWORD"')
      expect(stdout).not.to.contain('not-so-secret')
      expect(writes()).to.deep.equal([])
    })

    it('makes several, each placed after those before it', async () => {
      const {json, exitCode} = await create(
        ...['work', '--empty', '--storage', 'local-lvm', '--memory', '20GiB', '--count', '3', '--start'],
      )
      expect(exitCode, JSON.stringify(json())).to.equal(0)
      const {results, summary} = json()
      expect(summary).to.deep.equal({ok: 3, failed: 0})
      expect(results.map(({target}: {target: string}) => target)).to.deep.equal(['work-1', 'work-2', 'work-3'])
      // Those that are called alike keep away from each other, as far as there is room.
      expect(results.map(({node}: {node: string}) => node)).to.deep.equal(['pve2', 'pve1', 'pve2'])
      const vmids = results.map(({vmid}: {vmid: number}) => vmid)
      expect(new Set(vmids).size).to.equal(3)
      for (const result of results) expect(result).to.include({ok: true, status: 'running'})
    })

    it('makes none where there is no room for all, or a name or VMID is taken', async () => {
      const room = await create('work', '--empty', '--storage', 'local-lvm', '--memory', '20GiB', '--count', '9')
      expect(room.exitCode).to.equal(8)
      expect(room.json().error.message).to.match(/^there is room for \d of 9 only: /)
      await create('work-2', '--empty', '--node', 'pve3')
      cluster.requests.length = 0
      const name = await create('work', '--empty', '--node', 'pve3', '--count', '3')
      expect(name.exitCode).to.equal(6)
      expect(name.json().error.message).to.contain('work-2')
      const vmid = await create('other', '--empty', '--node', 'pve3', '--count', '3', '--vmid', '99999')
      expect(vmid.exitCode).to.equal(0)
      expect(vmid.json().results.map((one: {vmid: number}) => one.vmid)).to.deep.equal([99_999, 100_000, 100_001])
      const taken = await create('third', '--empty', '--node', 'pve3', '--count', '3', '--vmid', '99998')
      expect(taken.exitCode).to.equal(6)
      expect(await named('^third')).to.deep.equal([])
    })

    it('says which of several failed, and removes those that did not come to their end', async () => {
      const before = (await named('.')).length
      cluster.meddle = once(({method, path: at}) => method === 'POST' && at.endsWith('/status/start'), {
        answer: {status: 500, reason: 'start failed: no more memory', body: ''},
      } as never)
      const {json, exitCode} = await create(
        ...['work', 'ubuntu-22.04', '--count', '3', '--start', '--rm-on-failure', '--parallel', '1'],
      )
      expect(exitCode).to.equal(9)
      expect(json().summary).to.deep.equal({ok: 2, failed: 1})
      const [first, ...rest] = json().results
      expect(first).to.deep.include({target: 'work-1', ok: false})
      expect(first.error).to.include({code: 'rolled-back'})
      expect(rest.every(({ok, status}: {ok: boolean; status: string}) => ok && status === 'running')).to.equal(true)
      expect(await named('.')).to.have.length(before + 2)
    })

    it('begins nothing more after a failure with --fail-fast', async () => {
      cluster.meddle = once(isCreate, {answer: {status: 500, reason: 'out of luck', body: ''}} as never)
      const {json, exitCode} = await create(
        ...['work', '--empty', '--node', 'pve3', '--count', '3', '--parallel', '1', '--fail-fast'],
      )
      expect(exitCode).to.equal(9)
      expect(json().summary).to.deep.equal({ok: 0, failed: 1, skipped: 2})
      expect(await named('^work')).to.deep.equal([])
    })

    it('only begins the creation with --no-wait', async () => {
      const {stdout, exitCode} = await cluster.run([
        'proxmox',
        'vm',
        'create',
        'web',
        '--empty',
        '--node',
        'pve3',
        '--no-wait',
      ])
      expect(exitCode).to.equal(0)
      expect(stdout).to.match(/^UPID:pve3:[^\n]*:qmcreate:\d+:[^\n]*\n$/)
      const refused = await create('web2', '--image', image, '--node', 'pve3', '--no-wait')
      expect(refused.exitCode).to.equal(2)
      expect(refused.json().error.message).to.contain('download')
    })

    it('sets up a clone: more disks and NICs, hardware and cloud-init', async () => {
      const {json, exitCode} = await create(
        ...['web', 'ubuntu-22.04', '--disk', '5GiB', '--net', 'vlan=7', '--cpu', 'host', '--on-boot', '--user', 'ops'],
        ...['--balloon', 'off', '--set', 'hotplug=disk'],
      )
      expect(exitCode, JSON.stringify(json())).to.equal(0)
      const made = await config(json().vmid)
      expect(made).to.include({cpu: 'host', onboot: true, ciuser: 'ops', balloon: 0, hotplug: 'disk'})
      expect(made.scsi1).to.match(/^nas:.*size=5G/)
      expect(made.net1).to.match(/^virtio=.*bridge=vmbr0,tag=7/)
    })

    it('reads a file, and what is typed goes before it', async () => {
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'homelab-spec-'))
      fs.writeFileSync(
        path.join(folder, 'web.yaml'),
        [
          'name: web',
          'empty: true',
          'node: pve3',
          'cores: 4',
          'memory: 1024',
          'disks: ["local-lvm:6GiB,ssd"]',
          'tags: [prod]',
          'options: {hotplug: disk, kvm: false}',
          'cloudInit:',
          '  user: ops',
          `  sshKeys: ["${KEY}"]`,
        ].join('\n'),
      )
      const made = await cluster.run(['proxmox', 'vm', 'create', '-f', 'web.yaml', '--memory', '2GiB', '--json'], {
        cwd: folder,
      })
      expect(made.exitCode, made.stdout).to.equal(0)
      expect(made.json()).to.include({name: 'web', node: 'pve3'})
      const now = await config(made.json().vmid)
      expect(now).to.include({cores: 4, memory: 2048, hotplug: 'disk', kvm: false, tags: 'prod', ciuser: 'ops'})

      fs.writeFileSync(path.join(folder, 'bad.yaml'), 'name: web\nempty: true\nmemroy: 4GiB\n')
      const bad = await cluster.run(['proxmox', 'vm', 'create', '-f', 'bad.yaml', '--json'], {cwd: folder})
      fs.rmSync(folder, {recursive: true})
      expect(bad.exitCode).to.equal(2)
      expect(bad.json().error.message).to.contain('bad.yaml:3:1: memroy: is not a known key')
      expect(bad.json().error.hint).to.contain('memory')
    })

    it('takes a machine class, whose node is binding', async () => {
      const configDir = fs.mkdtempSync(path.join(os.tmpdir(), 'homelab-class-'))
      fs.writeFileSync(
        path.join(configDir, 'config.yaml'),
        'machineClasses:\n  small: {template: debian-12, cores: 1, memory: 512, node: pve3, tags: [k8s]}\n',
        {mode: 0o600},
      )
      const run = (...argv: string[]) => cluster.run(['proxmox', 'vm', 'create', ...argv, '--json'], {configDir})
      const made = await run('web', '--class', 'small', '--cores', '2')
      expect(made.exitCode, made.stdout).to.equal(0)
      expect(made.json()).to.include({node: 'pve3'})
      expect(made.json().placement.reason).to.equal('the machine class "small" is bound to it')
      expect(await config('web')).to.include({cores: 2, memory: 512, tags: 'k8s'})
      const unknown = await run('db', '--class', 'smal')
      expect(unknown.exitCode).to.equal(5)
      expect(unknown.json().error.hint).to.contain('Did you mean "small"?')
      const elsewhere = await run('db', '--class', 'small', '--node', 'pve1')
      fs.rmSync(configDir, {recursive: true})
      expect(elsewhere.exitCode).to.equal(2)
    })

    const refusals: [string, string[], number, RegExp][] = [
      ['no source', ['web'], 2, /what to make the VM of/],
      ['two sources', ['web', 'ubuntu-22.04', '--iso', ISO], 2, /TEMPLATE and --iso/],
      ['no name', ['--empty'], 2, /name of the VM/],
      ['an ISO that is nowhere', ['web', '--iso', 'local:iso/debian.iso'], 5, /no volume "local:iso\/debian\.iso"/],
      ['an ISO on no storage', ['web', '--iso', 'locl:iso/a.iso'], 5, /no active storage "locl"/],
      ['an image that cannot be imported', ['web', '--image', 'https://example.com/a.img.xz'], 2, /cannot be imported/],
      ['several storages to choose from', ['web', '--empty', '--node', 'pve1'], 2, /local-lvm, nas/],
      [
        'no storage for images to import there',
        ['web', '--image', 'http://127.0.0.1/a.raw', '--image-storage', 'nas', '--storage', 'nas', '--node', 'pve1'],
        8,
        /does not take images to import/,
      ],
      ['firmware for a clone', ['web', 'ubuntu-22.04', '--firmware', 'uefi'], 2, /makes no sense for a clone/],
      ['an option for root alone', ['web', '--empty', '--node', 'pve3', '--set', 'args=-snapshot'], 4, /only root@pam/],
      ['a file of the node', ['web', '--image', '/root/a.raw', '--node', 'pve3'], 4, /names a file of the node itself/],
      [
        'waiting for what was not started',
        ['web', '--empty', '--node', 'pve3', '--wait-for', 'running'],
        2,
        /--wait-for/,
      ],
      [
        'waiting for an agent that is off',
        ['web', '--empty', '--node', 'pve3', '--start', '--wait-for', 'agent'],
        2,
        /needs the guest agent/,
      ],
      ['a checksum of nothing', ['web', '--empty', '--checksum', 'sha256:00'], 2, /--checksum goes with --image/],
      ['an option that does not exist', ['web', '--empty', '--set', 'memroy=1'], 2, /no key "memroy"/],
      ['a password as an option', ['web', '--empty', '--set', 'cipassword=x'], 2, /cannot be set this way/],
    ]
    for (const [what, argv, code, message] of refusals) {
      it(`refuses ${what} with exit ${code}, before anything is changed`, async () => {
        const {json, exitCode, stdout} = await create(...argv)
        expect(exitCode, stdout).to.equal(code)
        expect(json().error.message).to.match(message)
        expect(json().error.hint).to.be.a('string')
        expect(writes()).to.deep.equal([])
      })
    }
  })
}
