import {expect} from 'chai'

import {vmCreate} from '../../src/cli/wiring/vm-create.js'
import {servicesFor, startCluster, type TestCluster} from '../helpers/cluster.js'
import {vmRequest} from '../helpers/vm-request.js'

describe('vm create on a cluster', () => {
  let cluster: TestCluster

  beforeEach(async () => {
    cluster = await startCluster()
  })

  afterEach(() => cluster.stop())

  const create = (...argv: string[]) => cluster.run(['proxmox', 'vm', 'create', ...argv, '--json'])

  it('clones a template by name, and says where and why', async () => {
    const {json, exitCode, stderr} = await create('web', 'ubuntu-22.04')
    expect(exitCode).to.equal(0)
    const vm = json()
    expect(vm).to.include({name: 'web', type: 'qemu', status: 'stopped'})
    expect(vm.vmid).to.be.at.least(100)
    expect(vm.task).to.include({outcome: 'ok', exitStatus: 'OK'})
    expect(vm.placement.node).to.equal(vm.node)
    expect(vm.placement.reason).to.match(/^most free memory among \d eligible nodes$/)
    expect(vm.source).to.deep.equal({kind: 'template', name: 'ubuntu-22.04', vmid: 9000, node: 'pve1'})
    expect(stderr).to.contain(`on ${vm.node}: most free memory`)
    const listed = (await cluster.run(['proxmox', 'vm', 'list', '-l', 'name=web', '--json'])).json()
    expect(listed).to.have.length(1)
    expect(listed[0]).to.include({vmid: vm.vmid, node: vm.node})
  })

  it('needs three requests before the clone is under way', async () => {
    await create('web', 'ubuntu-22.04')
    const before = cluster.requests.findIndex(({method}) => method === 'POST')
    expect(cluster.requests.slice(0, before + 1).map(({method, path}) => `${method} ${path}`)).to.deep.equal([
      'GET /cluster/resources',
      'GET /cluster/nextid',
      'POST /nodes/pve1/qemu/9000/clone',
    ])
  })

  it('starts a clone only where its template says that it can run', async () => {
    const {world} = cluster.simulator
    const networks = world.store.of('network')
    networks.put('pve1/vmbr7', {...networks.get('pve1/vmbr0')!, iface: 'vmbr7'})
    const template = world.store.of('guests').get('9000')!
    const config = {...template.config, net0: 'virtio=BC:24:11:00:90:00,bridge=vmbr7'}
    world.store.of('guests').update('9000', {config})
    const planned = await create('web', 'ubuntu-22.04', '--start', '--dry-run')
    expect(planned.json().placement.node).to.equal('pve1')
    const refused = await create('web', 'ubuntu-22.04', '--start', '--node', 'pve2')
    expect(refused.exitCode).to.equal(8)
    expect(refused.json().error.message).to.contain('it has no bridge vmbr7')
    expect((await create('web', 'ubuntu-22.04', '--start')).json()).to.include({node: 'pve1', status: 'running'})
    world.store.of('guests').update('9000', {config: template.config})
  })

  it('does what was asked on top: configuration, disk, tags, pool, start', async () => {
    const {json, exitCode} = await create(
      ...['sql', 'debian-12', '--node', 'pve3', '--cores', '4', '--memory', '3GiB', '--disk-size', '20GiB'],
      ...['--tag', 'prod', '--tag', 'sql', '--description', 'the database', '--start'],
    )
    expect(exitCode).to.equal(0)
    const vm = json()
    expect(vm).to.include({node: 'pve3', status: 'running'})
    expect(vm.placement.reason).to.equal('asked for with --node')
    expect(vm.source.vmid).to.equal(9002)
    expect(vm.steps.map(({step}: {step: string}) => step)).to.deep.equal(['configure', 'resize', 'start'])
    const shown = (await cluster.run(['proxmox', 'vm', 'show', 'sql', '--json'])).json()
    expect(shown.config).to.include({cores: 4, memory: 3072, tags: 'prod;sql'})
    expect(shown.config.description).to.equal('the database')
    expect(JSON.stringify(shown.config)).to.contain('size=20G')
  })

  it('makes a linked clone where the template is', async () => {
    const {json, exitCode} = await create('thin', 'ubuntu-22.04', '--linked')
    expect(exitCode).to.equal(0)
    const {config} = (await cluster.run(['proxmox', 'vm', 'show', String(json().vmid), '--json'])).json()
    expect(JSON.stringify(config)).to.contain('9000/base-9000-disk-0.qcow2/')
  })

  it('sends nothing but GET requests for a dry run', async () => {
    const {json, exitCode} = await create('web', 'debian-12', '--dry-run', '--start')
    expect(exitCode).to.equal(0)
    expect(json()).to.include({dryRun: true, name: 'web'})
    expect(json().steps.at(-1)).to.equal('start')
    expect(cluster.requests.every(({method}) => method === 'GET')).to.equal(true)
    const after = (await cluster.run(['proxmox', 'vm', 'list', '-l', 'name=web', '--json'])).json()
    expect(after).to.deep.equal([])
  })

  it('only begins the clone with --no-wait', async () => {
    const {stdout, exitCode} = await cluster.run(['proxmox', 'vm', 'create', 'web', 'ubuntu-22.04', '--no-wait'])
    expect(exitCode).to.equal(0)
    expect(stdout).to.match(/^UPID:pve1:[^\n]*:qmclone:9000:[^\n]*\n$/)
    const waited = await cluster.run(['proxmox', 'task', 'wait', stdout.trim(), '--json'])
    expect(waited.json()).to.include({outcome: 'ok'})
  })

  it('refuses --no-wait when something has to follow', async () => {
    const {json, exitCode} = await create('web', 'ubuntu-22.04', '--no-wait', '--start')
    expect(exitCode).to.equal(2)
    expect(json().error.message).to.contain('start')
    expect(cluster.requests.some(({method}) => method === 'POST')).to.equal(false)
  })

  it('picks another VMID when somebody takes the one it was told', async () => {
    let rivals = 0
    cluster.meddle = ({method, path}) => {
      // A rival who is always a little quicker, three times.
      if (method === 'POST' && path.endsWith('/clone') && rivals < 3) {
        rivals++
        return {answer: {status: 500, reason: 'unable to create VM 104: config file already exists', body: ''}} as never
      }

      return undefined
    }
    const {json, exitCode} = await create('web', 'ubuntu-22.04')
    expect(exitCode).to.equal(0)
    expect(rivals).to.equal(3)
    expect(json().name).to.equal('web')
  })

  it('gives twenty-five rivals a VMID each', async function () {
    this.timeout(60_000)
    const done = await Promise.all(Array.from({length: 25}, (_, i) => rival(i)))
    expect(new Set(done).size).to.equal(25)
    const listed = (await cluster.run(['proxmox', 'vm', 'list', '-l', 'name~^rival', '--json'])).json()
    expect(listed.map(({vmid}: {vmid: number}) => vmid).sort()).to.deep.equal([...done].sort())
    expect(listed.filter(({lock}: {lock?: string}) => lock !== undefined)).to.deep.equal([])
  })

  /** The services of one process among many: in one process, output could not be told apart. */
  async function rival(i: number): Promise<number> {
    const services = servicesFor(cluster)
    const created = await vmCreate(services).create(
      vmRequest({name: `rival${i}`, source: {kind: 'template', template: 'ubuntu-22.04', linked: false}}),
      {deadline: Date.now() + 50_000},
      () => {},
    )
    return created._unsafeUnwrap().vmid
  }

  it('adopts its task when the answer to the clone is lost', async () => {
    let cut = false
    cluster.meddle = ({method, path}) => {
      if (cut || method !== 'POST' || !path.endsWith('/clone')) return undefined
      cut = true
      return {drop: 'after'}
    }
    const {json, exitCode} = await create('web', 'ubuntu-22.04')
    expect(exitCode).to.equal(0)
    const listed = (await cluster.run(['proxmox', 'vm', 'list', '-l', 'name=web', '--json'])).json()
    expect(listed.map(({vmid}: {vmid: number}) => vmid)).to.deep.equal([json().vmid])
  })

  it('sends the clone again when it was lost before the server acted', async () => {
    let cut = false
    cluster.meddle = ({method, path}) => {
      if (cut || method !== 'POST' || !path.endsWith('/clone')) return undefined
      cut = true
      return {drop: 'before'}
    }
    const {exitCode} = await create('web', 'ubuntu-22.04')
    expect(exitCode).to.equal(0)
    const listed = (await cluster.run(['proxmox', 'vm', 'list', '-l', 'name=web', '--json'])).json()
    expect(listed).to.have.length(1)
  })

  it('leaves a VM that it tells about when a later step fails, or removes it', async () => {
    cluster.meddle = ({method, path}) =>
      method === 'POST' && path.endsWith('/status/start')
        ? ({answer: {status: 500, reason: 'start failed: no more memory', body: ''}} as never)
        : undefined
    const left = await create('web', 'ubuntu-22.04', '--start')
    expect(left.exitCode).to.equal(1)
    const {error} = left.json()
    expect(error.message).to.contain('exists on').and.to.contain('"start"')
    expect(error.hint).to.contain(`homelab proxmox vm delete ${error.details.vmid}`)

    const removed = await create('web2', 'ubuntu-22.04', '--start', '--rm-on-failure')
    expect(removed.exitCode).to.equal(11)
    const listed = (await cluster.run(['proxmox', 'vm', 'list', '-l', 'name~^web', '--json'])).json()
    expect(listed.map(({name}: {name: string}) => name)).to.deep.equal(['web'])
  })

  const refusals: [string, string[], number, string][] = [
    ['an unknown template', ['web', 'ubuntu-22.4'], 5, 'not-found'],
    ['a VM that is no template', ['web', 'db'], 5, 'not-found'],
    ['a VMID that is taken', ['web', 'ubuntu-22.04', '--vmid', '100'], 6, 'vmid-conflict'],
    ['an unknown node', ['web', 'ubuntu-22.04', '--node', 'pve9'], 5, 'not-found'],
    ['a name that Proxmox VE would refuse', ['my_web', 'ubuntu-22.04'], 2, 'usage'],
    ['more memory than any node has', ['web', 'ubuntu-22.04', '--memory', '900GiB'], 8, 'no-capacity'],
    ['memory without a unit', ['web', 'ubuntu-22.04', '--memory', '4096'], 2, 'usage'],
    ['a disk smaller than that of the template', ['web', 'ubuntu-22.04', '--disk-size', '1GiB'], 2, 'usage'],
    ['an unknown storage', ['web', 'ubuntu-22.04', '--storage', 'nope'], 5, 'not-found'],
  ]
  for (const [what, argv, code, kind] of refusals) {
    it(`refuses ${what} with exit ${code}, before anything is changed`, async () => {
      const {json, exitCode} = await create(...argv)
      expect(exitCode).to.equal(code)
      expect(json().error).to.include({code: kind, exitCode: code})
      expect(json().error.message).to.be.a('string').and.not.equal('')
      expect(cluster.requests.some(({method}) => method !== 'GET')).to.equal(false)
      const plain = await cluster.run(['proxmox', 'vm', 'create', ...argv])
      expect(plain.exitCode).to.equal(code)
      expect(plain.stdout).to.equal('')
      expect(plain.stderr).to.match(/^error: /m)
    })
  }

  it('uses the node that was named or none: an offline one is refused', async () => {
    await cluster.simulator.powerOff('pve2')
    const named = await create('web', 'ubuntu-22.04', '--node', 'pve2')
    expect(named.exitCode).to.equal(8)
    expect(named.json().error.message).to.contain('pve2').and.to.contain('offline')
    const auto = await create('web', 'ubuntu-22.04')
    expect(auto.exitCode).to.equal(0)
    expect(auto.json().placement.rejected).to.deep.include({node: 'pve2', reason: 'offline'})
  })
})
