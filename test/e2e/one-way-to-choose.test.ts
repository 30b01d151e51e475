import {expect} from 'chai'
import {startCluster, type TestCluster} from '../helpers/cluster.js'

describe('guests are named, or chosen by a selector, or all of them are meant', () => {
  let cluster: TestCluster

  before(async () => {
    cluster = await startCluster()
  })

  after(() => cluster.stop())

  const refused = async (...argv: string[]) => {
    cluster.requests.length = 0
    const {exitCode, json} = await cluster.run(['proxmox', ...argv, '--json'])
    const label = argv.join(' ')
    expect(exitCode, label).to.equal(2)
    expect(cluster.requests, label).to.deep.equal([])
    const {code, hint, message} = json().error
    expect(code, label).to.equal('usage')
    expect(hint, label).to.contain('names alone').and.to.contain('-l/--selector alone')
    return message as string
  }

  for (const words of [
    ['vm', 'stop', 'db'],
    ['lxc', 'start', 'dns'],
    ['vm', 'delete', 'db'],
    ['vm', 'config', 'set', 'db', 'onboot=1'],
    ['vm', 'wait', 'db', '--for', 'running'],
    ['vm', 'stats', 'db'],
    ['snapshot', 'create', 'db', 'nightly'],
    ['snapshot', 'list', 'db'],
    ['snapshot', 'prune', 'db', '--keep-last', '1'],
    ['backup', 'run', 'db', '--storage', 'nas'],
    ['backup', 'prune', 'db', '--keep-last', '1'],
  ]) {
    it(`refuses ${words.join(' ')} with -l or --all`, async () => {
      expect(await refused(...words, '-l', 'tag=dev', '-l', 'pool=lab')).to.equal(
        `guests are named (${words.find((word) => word === 'db' || word === 'dns')}) and chosen by -l tag=dev -l pool=lab too`,
      )
      expect(await refused(...words, '--all')).to.contain(' and chosen by --all too')
    })
  }

  it('refuses names beside a selector where there is no --all', async () => {
    for (const words of [
      ['backup', 'list', 'db'],
      ['backup', 'coverage', 'db'],
      ['vm', 'tag', 'list', 'db'],
    ])
      expect(await refused(...words, '-l', 'tag=dev'))
        .to.contain('(db)')
        .and.to.contain('-l tag=dev')
  })

  it('refuses names beside a pool, and a selector beside --all', async () => {
    expect(await refused('backup', 'run', 'db', 'git', '--pool', 'lab')).to.contain('(db, git)')
    expect(await refused('vm', 'stop', '--all', '-l', 'tag=dev')).to.equal(
      'guests are chosen by -l tag=dev and by --all too',
    )
  })
})
