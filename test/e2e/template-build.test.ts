import {expect} from 'chai'

import {readProvenance} from '../../src/domain/template-provenance.js'
import {startCluster, type Meddle, type TestCluster} from '../helpers/cluster.js'
import {ImageServer} from '../helpers/image-server.js'

const BROKEN = {answer: {status: 500, reason: 'got no worker upid', body: ''}}

type Template = {vmid: number; name: string; node: string}

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`template build, on Proxmox VE ${pveVersion}`, () => {
    let cluster: TestCluster
    let web: ImageServer

    beforeEach(async () => {
      cluster = await startCluster({pveVersion})
      web = await ImageServer.start()
    })

    afterEach(async () => {
      web.close()
      await cluster.stop()
    })

    const run = (...argv: string[]) => cluster.run(['proxmox', ...argv, '--json'], {configDir: web.configuration.path})
    const build = (...argv: string[]) => run('template', 'build', 'lab-1', '--poll-interval', '10ms', ...argv)
    const vms = async (): Promise<number[]> => (await run('vm', 'list')).json().map(({vmid}: Template) => vmid)
    const images = async (node: string): Promise<string[]> =>
      (await run('api', 'get', `/nodes/${node}/storage/local/content`))
        .json()
        .flatMap(({volid}: {volid: string}) => (volid.includes(':import/') ? [volid] : []))
    const config = async (vmid: number) => (await run('vm', 'show', String(vmid))).json().config
    const writes = () => cluster.requests.filter(({method}) => method !== 'GET')

    it('makes a template of an image, and leaves nothing else', async () => {
      const {exitCode, json, stderr} = await build('--nodes', 'pve3')
      expect(exitCode, JSON.stringify(json())).to.equal(0)
      expect(json().summary).to.deep.equal({ok: 1, failed: 0})
      const [built] = json().results
      expect(built).to.include({target: 'pve3', ok: true, name: 'lab-1', node: 'pve3', template: true})
      expect(built.image).to.deep.equal({name: 'lab-1', url: web.url, checksum: `sha256:${web.sha256}`})
      expect(built.serves).to.deep.equal(['pve3'])
      expect(built.steps.map(({step}: {step: string}) => step)).to.deep.equal(['download', 'configure', 'template'])
      expect(stderr).to.contain('came over plain HTTP')
      const made = await config(built.vmid)
      expect(made).to.include({template: true, agent: '1', serial0: 'socket', vga: 'serial0', ostype: 'l26'})
      expect(made).to.include({ciuser: 'ops', ipconfig0: 'ip=dhcp', boot: 'order=scsi0', scsihw: 'virtio-scsi-single'})
      expect(made.scsi0).to.match(/base-\d+-disk-0/)
      expect(made.ide2).to.contain('cloudinit')
      expect(readProvenance(made.description)).to.deep.equal({
        image: 'lab-1',
        vmid: built.vmid,
        builtAt: built.builtAt,
        checksum: `sha256:${web.sha256}`,
        url: web.url,
      })
      expect(await images('pve3')).to.deep.equal([])
      const clone = await run('vm', 'create', 'web', 'lab-1', '--start')
      expect(clone.json()).to.include({name: 'web', node: 'pve3', status: 'running'})
      expect(clone.json().source).to.include({kind: 'template', vmid: built.vmid})
    })

    it('leaves nothing behind when the image is not what its publisher says', async () => {
      web.published = 'f'.repeat(64)
      const before = await vms()
      const {exitCode, json} = await build('--node', 'pve3')
      expect(exitCode).to.equal(7)
      const [{error}] = json().results
      expect(error.message).to.contain('checksum mismatch')
      expect(error.upid).to.contain(':download:')
      expect(await vms()).to.deep.equal(before)
      expect(await images('pve3')).to.deep.equal([])
      expect(writes().map(({path}) => path)).to.deep.equal(['/nodes/pve3/storage/local/download-url'])
    })

    it('refuses a name that is taken, and says how to go on', async () => {
      expect((await build('--nodes', 'pve3')).exitCode).to.equal(0)
      await run('vm', 'create', 'plain', '--empty', '--node', 'pve3')
      const sent = writes().length
      const asked = web.asked.length
      const again = await build('--nodes', 'pve3')
      expect(again.exitCode).to.equal(6)
      expect(again.json().error.code).to.equal('already-exists')
      expect(again.json().error.hint).to.contain('homelab proxmox template refresh lab-1')
      const anywhere = await build('--storage', 'local-lvm')
      expect(anywhere.json().error.hint).to.contain('for another node: --nodes NODE')
      const some = await build('--nodes', 'pve2,pve3', '--storage', 'local-lvm')
      expect(some.exitCode).to.equal(6)
      expect(some.json().error.hint).to.contain('--nodes pve2;')
      const other = await build('--name', 'plain', '--nodes', 'pve2', '--storage', 'local-lvm')
      expect(other.exitCode).to.equal(6)
      expect(other.json().error.message).to.contain('is no template of a VM')
      expect(writes()).to.have.length(sent)
      expect(web.asked).to.have.length(asked)
    })

    it('plans with GET requests alone, and in lines for shells on the nodes', async () => {
      const {exitCode, json, stdout} = await build('--disk-size', '8GiB', '--storage', 'local-lvm', '--dry-run')
      expect(exitCode, stdout).to.equal(0)
      const plan = json()
      expect(plan).to.include({dryRun: true, name: 'lab-1', node: 'pve2', storage: 'local-lvm'})
      expect(plan.steps).to.deep.equal([
        `download ${web.url} to local:import/${web.file}`,
        'create the VM with a copy of the image as its disk',
        'grow the boot disk to 8 GiB',
        'make a template of it',
        `delete local:import/${web.file}`,
      ])
      expect(plan.parameters.scsi0).to.match(/^local-lvm:0,import-from=local:import\/lab-cloudimg/)
      const native = await cluster.run(
        ['proxmox', 'template', 'build', 'lab-1', '--storage', 'local-lvm', '--print-native'],
        {configDir: web.configuration.path},
      )
      const lines = native.stdout.trim().split('\n')
      expect(lines.map((line) => line.split(' ').slice(0, 2).join(' '))).to.deep.equal([
        ...['# on', 'pvesh create', 'qm create', 'qm set', ''],
        ...[lines[5]?.split(' ').slice(0, 2).join(' '), 'qm template', 'pvesm free'],
      ])
      expect(lines[1]).to.contain(`--checksum ${web.sha256}`)
      expect(writes()).to.deep.equal([])
      expect(web.served).to.equal(0)
    })
  })
}

describe('template build on several nodes', () => {
  let cluster: TestCluster
  let web: ImageServer

  beforeEach(async () => {
    cluster = await startCluster()
    web = await ImageServer.start()
  })

  afterEach(async () => {
    web.close()
    await cluster.stop()
  })

  const run = (...argv: string[]) => cluster.run(['proxmox', ...argv, '--json'], {configDir: web.configuration.path})
  const build = (...argv: string[]) => run('template', 'build', 'lab-1', '--poll-interval', '10ms', ...argv)
  const vms = async (): Promise<number[]> => (await run('vm', 'list')).json().map(({vmid}: Template) => vmid)
  const named = async (name = 'lab-1'): Promise<string[]> =>
    (await run('vm', 'list', '-l', `name=${name}`)).json().map(({node}: Template) => node)
  const images = async (node: string): Promise<string[]> =>
    (await run('api', 'get', `/nodes/${node}/storage/local/content`))
      .json()
      .flatMap(({volid}: {volid: string}) => (volid.includes(':import/') ? [volid] : []))

  it('makes twins, each with the image downloaded to its node', async () => {
    const {exitCode, json} = await build('--nodes', 'all', '--storage', 'local-lvm')
    expect(exitCode, JSON.stringify(json())).to.equal(0)
    expect(json().summary).to.deep.equal({ok: 3, failed: 0})
    expect((await named()).sort()).to.deep.equal(['pve1', 'pve2', 'pve3'])
    expect(new Set(json().results.map(({vmid}: Template) => vmid)).size).to.equal(3)
    expect(web.asked.filter((request) => request.endsWith('/SHA256SUMS'))).to.have.length(1)
    for (const node of ['pve1', 'pve2', 'pve3']) expect(await images(node), node).to.deep.equal([])
    const clone = await run('vm', 'create', 'web', 'lab-1', '--node', 'pve2')
    expect(clone.json()).to.include({node: 'pve2'})
  })

  it('makes one where the storage is shared, and says that it is enough', async () => {
    const {exitCode, json, stderr} = await build('--nodes', 'pve1,pve2', '--storage', 'nas')
    expect(exitCode, JSON.stringify(json())).to.equal(0)
    expect(json().results).to.have.length(1)
    expect(json().results[0].serves).to.deep.equal(['pve1', 'pve2'])
    expect(stderr).to.contain('its storage is shared: one template is enough for pve1, pve2')
    expect(await named()).to.have.length(1)
    const again = await build('--nodes', 'pve2', '--storage', 'nas')
    expect(again.exitCode).to.equal(6)
  })

  it('keeps an image that lay there, or is to stay', async () => {
    expect((await build('--nodes', 'pve3', '--name', 'a', '--keep-image')).exitCode).to.equal(0)
    const volume = `local:import/${web.file}`
    expect(await images('pve3')).to.deep.equal([volume])
    const second = await build('--nodes', 'pve3', '--name', 'b')
    expect(second.json().results[0].steps.map(({step}: {step: string}) => step)).to.deep.equal([
      'configure',
      'template',
    ])
    expect(await images('pve3')).to.deep.equal([volume])
    expect(web.served).to.equal(1)
  })

  it('removes all of it when a step fails: VM and image', async () => {
    const before = await vms()
    const faults: [string, Meddle][] = [
      ['conversion', ({method, path}) => (method === 'POST' && path.endsWith('/template') ? BROKEN : undefined)],
      ['creation', ({method, path}) => (method === 'POST' && path.endsWith('/qemu') ? BROKEN : undefined)],
    ]
    for (const [what, meddle] of faults) {
      cluster.meddle = meddle
      const {exitCode} = await build('--nodes', 'pve3')
      cluster.meddle = undefined
      expect(exitCode, what).to.equal(what === 'conversion' ? 11 : 1)
      expect(await vms(), what).to.deep.equal(before)
      expect(await images('pve3'), what).to.deep.equal([])
    }
  })

  it('reads a checksum that stands alone, under whatever name', async () => {
    const {exitCode, json} = await run('template', 'build', 'other-1', '--nodes', 'pve3', '--poll-interval', '10ms')
    expect(exitCode, JSON.stringify(json())).to.equal(0)
    expect(json().results[0].image.checksum).to.equal(`sha256:${web.sha256}`)
  })

  it('takes a checksum that is given instead, and says when none can be read', async () => {
    web.closeLists()
    const missing = await build('--nodes', 'pve3')
    expect(missing.exitCode).to.equal(5)
    expect(missing.json().error.message).to.contain('/SHA256SUMS cannot be read: the server answers 404')
    expect(missing.json().error.hint).to.contain('--checksum sha256:')
    const given = await build('--nodes', 'pve3', '--checksum', `sha256:${web.sha256}`)
    expect(given.exitCode, JSON.stringify(given.json())).to.equal(0)
  })

  it('knows the images of the catalogue', async () => {
    const listed = (await run('template', 'catalogue')).json()
    expect(listed.map(({name}: {name: string}) => name)).to.include.members(['lab-1', 'ubuntu-24.04'])
    const unknown = await run('template', 'build', 'ubuntu-24.40')
    expect(unknown.exitCode).to.equal(5)
    expect(unknown.json().error.hint).to.contain('Did you mean "ubuntu-24.04"?')
  })
})

describe('template build, on Proxmox VE 7.4', () => {
  it('is refused before anything is sent', async () => {
    const cluster = await startCluster()
    const body = JSON.stringify({data: {version: '7.4-3', release: '7.4', repoid: '12345678'}})
    cluster.meddle = () => ({answer: {status: 200, reason: 'OK', contentType: 'application/json;charset=UTF-8', body}})
    const {exitCode, json} = await cluster.run(['proxmox', 'template', 'build', 'ubuntu-24.04', '--json'])
    await cluster.stop()
    expect(exitCode).to.equal(8)
    expect(json().error.message).to.contain('needs Proxmox VE 8.4')
    expect(cluster.requests.map(({method, path}) => `${method} ${path}`)).to.deep.equal(['GET /version'])
  })
})
