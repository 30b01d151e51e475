import {expect} from 'chai'

import {readProvenance} from '../../src/domain/template-provenance.js'
import {startCluster, type TestCluster} from '../helpers/cluster.js'
import {ImageServer} from '../helpers/image-server.js'

type Template = {vmid: number; name: string; node: string}

const DAY_MS = 86_400_000

describe('template refresh', () => {
  let cluster: TestCluster
  let web: ImageServer
  let first: number

  beforeEach(async () => {
    cluster = await startCluster()
    web = await ImageServer.start()
    const built = await run('template', 'build', 'lab-1', '--nodes', 'pve3', '--tag', 'base', '--poll-interval', '10ms')
    first = built.json().results[0].vmid
  })

  afterEach(async () => {
    web.close()
    await cluster.stop()
  })

  const run = (...argv: string[]) => cluster.run(['proxmox', ...argv, '--json'], {configDir: web.configuration.path})
  const refresh = (...argv: string[]) => run('template', 'refresh', '--poll-interval', '10ms', ...argv)
  const later = (days: number, ...argv: string[]) =>
    cluster.run(['proxmox', 'template', 'refresh', '--poll-interval', '10ms', ...argv, '--json'], {
      configDir: web.configuration.path,
      runtime: {now: () => Date.now() + days * DAY_MS},
    })
  const guests = async (): Promise<Template[]> =>
    (await run('vm', 'list', '-l', 'name~^lab-1')).json().map(({name, node, vmid}: Template) => ({name, node, vmid}))
  const config = async (vmid: number) => (await run('vm', 'show', String(vmid))).json().config
  const change = () => {
    web.image = Buffer.alloc(6000, 8)
  }

  it('leaves alone what is up to date', async () => {
    const sent = cluster.requests.length
    const {exitCode, json} = await refresh('--older-than', '30d')
    expect(exitCode).to.equal(0)
    expect(json().results[0]).to.include({target: 'lab-1 on pve3', changed: false, vmid: first})
    expect(cluster.requests.slice(sent).filter(({method}) => method !== 'GET')).to.deep.equal([])
  })

  it('builds anew what has another image now, as it was, never without one of that name', async () => {
    await run('vm', 'config', 'set', String(first), 'cores=3', 'net0=virtio,bridge=vmbr0,tag=20', 'agent=0')
    const before = await config(first)
    change()
    const {exitCode, json} = await refresh('lab-1', '--dry-run')
    expect(exitCode).to.equal(0)
    expect(json().results[0]).to.include({reason: 'image-changed', vmid: first})
    expect(await guests()).to.have.length(1)

    const renames: string[] = []
    const counts: number[] = []
    cluster.meddle = ({method, path}) => {
      const all = [...cluster.simulator.world.store.of('guests').values()]
      counts.push(all.filter((guest) => guest.config['name'] === 'lab-1' && guest.config['template'] === 1).length)
      if (method !== 'GET' && /\/qemu\/\d+(\/config)?$/.test(path)) renames.push(`${method} ${path.split('/')[4]}`)
      return undefined
    }
    const done = await refresh()
    cluster.meddle = undefined
    expect(done.exitCode, done.stdout).to.equal(0)
    const [fresh] = done.json().results
    expect(fresh).to.include({changed: true, reason: 'image-changed', name: 'lab-1', node: 'pve3'})
    expect(fresh.previous).to.include({vmid: first, deleted: true})
    expect(await guests()).to.deep.equal([{name: 'lab-1', node: 'pve3', vmid: fresh.vmid}])
    expect(Math.min(...counts)).to.equal(1)
    // The new one is configured and named, then the old one renamed, then deleted.
    expect(renames).to.deep.equal([
      ...[`POST ${fresh.vmid}`, `POST ${fresh.vmid}`],
      ...[`POST ${first}`, `DELETE ${first}`],
    ])
    const after = await config(fresh.vmid)
    expect(after).to.include({template: true, cores: 3, tags: 'base', agent: '0', ciuser: 'ops'})
    expect(after.net0).to.match(/bridge=vmbr0,tag=20/)
    expect(after.net0.slice(0, 24)).not.to.equal(before.net0.slice(0, 24))
    expect(readProvenance(after.description)).to.include({vmid: fresh.vmid, checksum: `sha256:${web.sha256}`})
    expect(web.served).to.equal(2)
    const again = await refresh()
    expect(again.json().results[0].changed).to.equal(false)
  })

  it('builds anew what is too old', async () => {
    const young = await later(29, '--older-than', '30d')
    expect(young.json().results[0].changed).to.equal(false)
    const old = await later(31, '--older-than', '30d', '--keep-old')
    expect(old.exitCode, old.stdout).to.equal(0)
    expect(old.json().results[0]).to.include({changed: true, reason: 'too-old'})
    const {name} = old.json().results[0].previous
    expect(name).to.match(/^lab-1-20\d{6}$/)
    // What was replaced is not built anew again.
    const next = await later(62, '--older-than', '30d', '--dry-run')
    expect(next.json().results.map(({target}: {target: string}) => target)).to.deep.equal(['lab-1 on pve3'])
    const replaced = await later(62, name)
    expect(replaced.exitCode).to.equal(8)
    expect(replaced.json().results[0].error.message).to.contain('a newer one has replaced it')
  })

  it('keeps the old one where linked clones need it, and says so', async () => {
    await run(
      'template',
      'build',
      'lab-1',
      '--name',
      'shared',
      '--nodes',
      'pve1',
      '--storage',
      'nas',
      '--poll-interval',
      '10ms',
    )
    const clone = await run('vm', 'create', 'web', 'shared', '--linked', '--node', 'pve1')
    expect(clone.exitCode, clone.stdout).to.equal(0)
    change()
    const {exitCode, json, stderr} = await refresh('shared')
    expect(exitCode, JSON.stringify(json())).to.equal(0)
    const {previous, vmid} = json().results[0]
    expect(previous).to.include({deleted: false})
    expect(previous.name).to.match(/^shared-20\d{6}$/)
    expect(previous.keptBecause).to.contain('web (VM')
    expect(stderr).to.contain(`the old template is kept as ${previous.name}`)
    expect((await run('vm', 'create', 'web-2', 'shared')).json().source.vmid).to.equal(vmid)
    expect((await run('vm', 'start', 'web')).exitCode).to.equal(0)
  })

  it('leaves the old one as it was when anything fails', async () => {
    const before = await config(first)
    change()
    web.published = 'e'.repeat(64)
    const wrong = await refresh()
    expect(wrong.exitCode).to.equal(7)
    web.published = undefined
    for (const [what, fails] of [
      ['naming the new one', (path: string) => !path.includes(`/${first}/`)],
      ['renaming the old one', (path: string) => path.includes(`/${first}/`)],
    ] as const) {
      let changes = 0
      cluster.meddle = ({method, path}) =>
        method === 'POST' && path.endsWith('/config') && fails(path) && (path.includes(`/${first}/`) || ++changes === 2)
          ? {answer: {status: 500, reason: 'got no worker upid', body: ''}}
          : undefined
      const {exitCode, json} = await refresh()
      cluster.meddle = undefined
      expect(exitCode, what).to.equal(11)
      expect(json().results[0].error.message, what).to.contain('was not replaced, and the new one was removed again')
      expect(await guests(), what).to.deep.equal([{name: 'lab-1', node: 'pve3', vmid: first}])
    }

    expect(await config(first)).to.deep.equal(before)
  }).timeout(10_000)

  it('touches no copies, and nothing that it could not make again', async () => {
    await run('vm', 'clone', String(first), 'lab-1-own')
    await run('vm', 'template', 'lab-1-own', '--yes')
    change()
    const all = await refresh('--dry-run')
    expect(all.json().results.map(({target}: {target: string}) => target)).to.deep.equal(['lab-1 on pve3'])
    const copy = await refresh('lab-1-own')
    expect(copy.exitCode).to.equal(8)
    expect(copy.json().results[0].error.message).to.contain(`it is a copy of VM ${first}`)
    expect((await refresh('nothing')).exitCode).to.equal(5)
    await run('api', 'put', `/nodes/pve3/qemu/${first}/config`, '-d', 'scsi1=local-lvm:1')
    const more = await refresh()
    expect(more.exitCode, more.stdout).to.equal(8)
    expect(more.json().results[0].error.message).to.contain('besides its boot disk')
    expect(await guests()).to.have.length(2)
  })
})
