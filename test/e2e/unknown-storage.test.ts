import {expect} from 'chai'
import {startCluster, type TestCluster} from '../helpers/cluster.js'
import {ConfigFolder} from '../helpers/config-folder.js'
import {runCommand} from '../helpers/run-command.js'

describe('a storage that is on no node', () => {
  let cluster: TestCluster
  let folder: ConfigFolder

  before(async () => {
    cluster = await startCluster({pveVersion: '9.2'})
    const made = await cluster.run(['proxmox', 'backup', 'run', 'scratch', '--storage', 'nas', '--json'])
    expect(made.exitCode, made.stderr).to.equal(0)
    const template = await cluster.run(['proxmox', 'lxc', 'template', 'playground', '--yes'])
    expect(template.exitCode, template.stderr).to.equal(0)
  })

  beforeEach(() => {
    folder = new ConfigFolder()
    cluster.requests.length = 0
  })

  afterEach(() => folder.remove())
  after(() => cluster.stop())

  /** A context with these settings of its own. */
  const configure = (settings: string) => {
    const {fingerprint, tokenId, tokenSecret, url} = cluster.simulator
    const token = `{id: '${tokenId}', secret: ${tokenSecret}}`
    const context = `{endpoints: '${url}', fingerprint: '${fingerprint}', token: ${token}${settings === '' ? '' : `, ${settings}`}}`
    folder.write('config.yaml', `currentContext: lab\ncontexts:\n  lab: ${context}\n`)
  }
  beforeEach(() => configure(''))

  const run = (...argv: string[]) => runCommand(['proxmox', ...argv], {configDir: folder.path})
  const refused = async (exit: number, ...argv: string[]) => {
    const {exitCode, json, stdout} = await run(...argv, '--json')
    expect(exitCode, `${argv.join(' ')}: ${stdout}`).to.equal(exit)
    expect(cluster.requests.every(({method}) => method === 'GET')).to.equal(true)
    return json().error
  }

  const IMAGE = 'https://images.example/debian-12.qcow2'
  const BUILD = ['--name', 'own', '--checksum', `sha256:${'0'.repeat(64)}`]
  const LVM = ['--storage', 'local-lvm']
  for (const argv of [
    ['vm', 'create', 'web', 'ubuntu-22.04', '--storage', 'nass'],
    ['vm', 'create', 'web', 'ubuntu-22.04', '--storage', 'nass', '--node', 'pve1'],
    ['vm', 'create', 'web', '--empty', '--disk', 'nass:3GiB'],
    ['vm', 'create', 'web', 'ubuntu-22.04', '--disk', 'nass:3GiB'],
    ['vm', 'create', 'web', 'ubuntu-22.04', '--disk', 'nass:3GiB', '--node', 'pve1', '--dry-run'],
    ['vm', 'create', 'web', '--image', IMAGE, '--image-storage', 'nass', ...LVM],
    ['vm', 'clone', 'scratch', 'copy', '--storage', 'nass'],
    ['vm', 'clone', 'scratch', 'copy', '--storage', 'nass', '--target', 'auto'],
    ['lxc', 'create', 'web', 'debian-12', '--storage', 'nass'],
    ['lxc', 'create', 'web', 'debian-12', ...LVM, '--mount', 'nass:8,mp=/data'],
    ['lxc', 'clone', 'dns', 'copy', '--storage', 'nass'],
    ['backup', 'restore', 'scratch@latest', '--as', 'copy', '--storage', 'nass'],
    ['backup', 'restore', 'scratch@latest', '--in-place', '--storage', 'nass'],
    ['template', 'build', 'debian-12', ...BUILD, '--storage', 'nass'],
  ]) {
    it(`is not found: ${argv.join(' ')}`, async () => {
      const {code, details, hint, message} = await refused(5, ...argv)
      expect(code).to.equal('not-found')
      expect(message).to.contain('there is no storage "nass"')
      expect(hint).to.contain('Did you mean "nas"?')
      expect(details).to.deep.include({reason: 'storage-unknown', storage: 'nass'})
    })
  }

  it('is not found where the configuration names it, which the message says', async () => {
    configure('defaults: {storage: gone}')
    for (const argv of [
      ['vm', 'create', 'web', 'ubuntu-22.04'],
      ['vm', 'create', 'web', '--empty'],
      ['lxc', 'create', 'web', 'debian-12'],
      ['template', 'build', 'debian-12', ...BUILD],
    ]) {
      const {code, hint, message} = await refused(5, ...argv)
      expect(code).to.equal('not-found')
      expect(message).to.contain('"gone"').and.to.contain('the configuration')
      expect(hint).to.contain('homelab config show')
    }
  })

  it('is of no matter in the configuration where it is not used', async () => {
    configure('defaults: {storage: gone}')
    for (const argv of [
      ['vm', 'create', 'web', 'ubuntu-22.04', '--linked'],
      ['vm', 'create', 'web', 'ubuntu-22.04', '--storage', 'nas'],
      ['vm', 'create', 'web', '--empty', '--disk', 'nas:3GiB'],
    ]) {
      const {exitCode, stderr} = await run(...argv, '--dry-run')
      expect(exitCode, stderr).to.equal(0)
    }

    configure('nodes: {pve1: {storage: gone}, pve2: {storage: nas}}')
    const {json} = await run('vm', 'create', 'web', 'ubuntu-22.04', '--dry-run', '--json')
    expect(json().placement.rejected).to.deep.include({node: 'pve1', reason: 'storage gone is not there'})
    expect((await run('vm', 'create', 'web', 'ubuntu-22.04', '--node', 'pve1', '--dry-run')).exitCode).to.equal(5)
  })

  it('keeps a clone off the nodes that cannot hold its other disks, before anything is sent', async () => {
    for (const [noun, template, flag, value, what] of [
      ['vm', 'ubuntu-22.04', '--disk', ':3GiB', 'disk images'],
      ['lxc', 'debian-12', '--mount', ':8,mp=/data', 'container disks'],
    ] as const) {
      const create = ['create', 'web', template, ...LVM, flag]
      const pinned = await refused(8, noun, ...create, `local${value}`, '--node', 'pve1')
      expect(pinned.message).to.contain(`node pve1 cannot take "web": storage local does not hold ${what}`)
      const anywhere = await refused(8, noun, ...create, `local${value}`)
      expect(anywhere.message).to.contain('no node can take "web": pve1: storage local does not hold')
      expect((await refused(8, noun, ...create, `nas${value}`, '--node', 'pve3')).message).to.contain(
        'nas is not there',
      )
      const {json} = await run(noun, ...create, `nas${value}`, '--dry-run', '--json')
      const {placement} = json()
      expect(placement.rejected.find(({node}: {node: string}) => node === 'pve3').reason).to.contain('nas is not there')
    }

    const ofTemplate = await refused(8, 'lxc', 'create', 'web', 'playground', '--mount', 'local:8,mp=/data')
    expect(ofTemplate.message).to.contain('pve3: storage local does not hold container disks')
    const iso = 'local:iso/debian-12.7.0-amd64-netinst.iso,media=cdrom'
    const withIso = await run('vm', 'create', 'web', 'ubuntu-22.04', '--disk', iso, '--dry-run')
    expect(withIso.stderr).not.to.contain('does not hold')
  })

  it('is refused where it is on other nodes only, or holds something else', async () => {
    const pve3 = ['--node', 'pve3']
    expect((await refused(8, 'lxc', 'create', 'web', 'debian-12', '--storage', 'nas', ...pve3)).code).to.equal(
      'refused',
    )
  })
})
