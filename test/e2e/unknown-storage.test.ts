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

  it('is refused where it is on other nodes only, or holds something else', async () => {
    const pve3 = ['--node', 'pve3']
    expect((await refused(8, 'lxc', 'create', 'web', 'debian-12', '--storage', 'nas', ...pve3)).code).to.equal(
      'refused',
    )
  })
})
