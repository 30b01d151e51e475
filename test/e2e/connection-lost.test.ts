import {expect} from 'chai'
import {startCluster, type TestCluster} from '../helpers/cluster.js'

describe('a connection that is lost in the middle of a wait', () => {
  let cluster: TestCluster

  beforeEach(async () => {
    cluster = await startCluster({speed: 200})
  })

  afterEach(() => cluster.stop())

  const QUICK = ['--poll-interval', '20ms']
  /** The questions in vain: each is tried three times before it counts as unanswered. */
  const dropFirst = (part: string, count: number) => {
    let asked = 0
    cluster.meddle = ({method, path}) =>
      method === 'GET' && path.includes(part) && ++asked <= count ? {drop: 'before'} : undefined
  }
  const told = (stderr: string) => stderr.split('\n').filter((line) => line.startsWith('connection '))

  it('is told of once, and that it is back', async () => {
    dropFirst('/tasks/', 9)
    const {exitCode, stderr} = await cluster.run(['proxmox', 'vm', 'clone', 'scratch', 'copy', ...QUICK])
    expect(exitCode, stderr).to.equal(0)
    const [lost = '', ...others] = told(stderr)
    expect(lost).to.match(/^connection lost, trying again: .+ the connection broke before the answer came$/)
    expect(others).to.deep.equal(['connection restored'])
  })

  it('is told of once for several waits, and not under --quiet', async () => {
    const stop = ['proxmox', 'lxc', 'shutdown', 'dns', 'proxy', '--no-order', ...QUICK]
    dropFirst('/tasks/', 18)
    const {stderr} = await cluster.run(stop)
    expect(told(stderr).map((line) => line.split(',')[0])).to.deep.equal(['connection lost', 'connection restored'])
    dropFirst('/tasks/', 9)
    const quiet = await cluster.run(['proxmox', 'lxc', 'start', 'dns', '--quiet', ...QUICK])
    expect(quiet.exitCode).to.equal(0)
    expect(quiet.stderr).to.equal('')
  })

  it('is told of on a terminal, too, and where a guest is waited for', async () => {
    dropFirst('/status/current', 6)
    const wait = ['proxmox', 'vm', 'wait', 'db', '--for', 'running', ...QUICK]
    const {exitCode, stderr} = await cluster.run(wait, {terminalWidth: 120})
    expect(exitCode, stderr).to.equal(0)
    expect(stderr).to.contain('connection lost, trying again: ').and.to.contain('connection restored')
  })

  it('ends with the timeout when it does not come back', async () => {
    dropFirst('/tasks/', 1000)
    const clone = ['proxmox', 'vm', 'clone', 'scratch', 'copy', '--timeout', '3s', ...QUICK]
    const {exitCode, stderr} = await cluster.run(clone)
    expect(exitCode, stderr).to.equal(124)
    expect(told(stderr)).to.have.length(1)
  })
})
