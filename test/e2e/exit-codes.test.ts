import {expect} from 'chai'

import {startCluster, type TestCluster} from '../helpers/cluster.js'
import type {RunOptions} from '../helpers/run-command.js'

const CREATE = ['proxmox', 'vm', 'create', 'web', 'ubuntu-22.04']

function expectNoSecret(output: string, ...secrets: (string | undefined)[]): void {
  for (const secret of secrets) if (secret !== undefined) expect(output).not.to.contain(secret)
}

describe('exit codes', () => {
  let cluster: TestCluster

  beforeEach(async () => {
    cluster = await startCluster()
  })

  afterEach(() => cluster.stop())

  /** Runs it twice: with and without --json the code is the same, and each output is whole. */
  async function failsWith(code: number, kind: string, argv: readonly string[], options?: RunOptions) {
    const plain = await cluster.run(argv, options)
    expect(plain.stdout).to.equal('')
    expect(plain.stderr).to.match(/^error: /m)
    expect(plain.stderr).to.match(/^hint: /m)
    expect(plain.exitCode).to.equal(code)
    const {json, exitCode, stdout, stderr} = await cluster.run([...argv, '--json', '--debug'], options)
    expectNoSecret(stdout + stderr, cluster.simulator.tokenSecret, options?.env?.HOMELAB_TOKEN_SECRET)
    expect(exitCode).to.equal(code)
    const {error} = json()
    expect(error).to.include({code: kind, exitCode: code})
    expect(error.message).to.be.a('string')
    expect(error.hint).to.be.a('string')
    return error
  }

  it('4: a wrong token', async () => {
    const env = {HOMELAB_TOKEN_SECRET: '99999999-9999-4999-8999-999999999999'}
    const error = await failsWith(4, 'authentication', CREATE, {env})
    expect(JSON.stringify(error)).not.to.contain('99999999-9999')
  })

  it('4: a token without any right', async () => {
    const {world} = cluster.simulator
    const [userid] = cluster.simulator.tokenId.split('!')
    const made = await cluster.run([
      ...['proxmox', 'api', 'post', `/access/users/${userid}/token/bare`, '-d', 'privsep=1', '--jq', '.value'],
    ])
    expect(world.store.of('tokens').get(`${userid}!bare`)?.privsep).to.equal(true)
    const env = {HOMELAB_TOKEN_ID: `${userid}!bare`, HOMELAB_TOKEN_SECRET: made.stdout.trim()}
    const error = await failsWith(4, 'permission', CREATE, {env})
    expect(error.hint).to.contain('privilege separation')

    // A list is no failure, but it is not empty because nothing is there.
    for (const list of ['vm list', 'template list', 'storage list', 'storage usage', 'iso list', 'backup list']) {
      const argv = ['proxmox', ...list.split(' ')]
      const blind = await cluster.run(argv, {env})
      expect(blind.exitCode, list).to.equal(0)
      expect(blind.stderr, list).to.match(/^warning: this login has no privilege at all, .*privilege separation/m)
    }

    expect((await cluster.run(['proxmox', 'image', 'list'])).stderr).to.equal('no images to import found\n')
  })

  it('3: a changed certificate, and nothing was sent to it', async () => {
    const other = cluster.simulator.fingerprint.replace(/^../, (first) => (first === '00' ? '11' : '00'))
    const before = cluster.requests.length
    const error = await failsWith(3, 'certificate-changed', CREATE, {env: {HOMELAB_FINGERPRINT: other}})
    expect(error.details).to.include({expected: other, actual: cluster.simulator.fingerprint})
    expect(cluster.requests.length).to.equal(before)
  })

  it('3: a dead host', async () => {
    await failsWith(3, 'unreachable', CREATE, {env: {HOMELAB_ENDPOINTS: 'https://127.0.0.1:1'}})
  })

  it('4: an environment that names a cluster and no login', async () => {
    const env = {HOMELAB_ENDPOINTS: 'https://127.0.0.1:1', HOMELAB_TOKEN_ID: '', HOMELAB_USER: ''}
    const error = await failsWith(4, 'authentication', CREATE, {env})
    expect(error.hint).to.contain('HOMELAB_TOKEN_ID and HOMELAB_TOKEN_SECRET')
  })

  it('7: a clone whose task fails, with its log', async () => {
    const {tasks} = cluster.simulator.world
    tasks.fault = ({type}) => (type === 'qmclone' ? {kind: 'fail', text: 'the disk is on fire'} : undefined)
    const error = await failsWith(7, 'task-failed', CREATE)
    expect(error.message).to.contain('the disk is on fire')
    expect(error.upid).to.match(/^UPID:pve1:/)
    expect(error.taskLog.at(-1)).to.match(/^TASK ERROR: .*the disk is on fire$/)
    expect(error.hint).to.contain(`homelab proxmox task log ${error.upid}`)
    const left = await cluster.run(['proxmox', 'vm', 'list', '-l', 'name=web', '--json'])
    expect(left.json()).to.deep.equal([])
  })

  it('6: a VMID that is taken', async () => {
    await failsWith(6, 'vmid-conflict', [...CREATE, '--vmid', '100'])
  })

  it('8: a node that is offline', async () => {
    await cluster.simulator.powerOff('pve2')
    await failsWith(8, 'node-offline', [...CREATE, '--node', 'pve2'])
  })

  it('5: an unknown template', async () => {
    await failsWith(5, 'not-found', ['proxmox', 'vm', 'create', 'web', 'nothing'])
  })

  it('6: a locked guest', async () => {
    const guests = cluster.simulator.world.store.of('guests')
    guests.update(100, {config: {...guests.get(100)!.config, lock: 'backup'}})
    await failsWith(6, 'locked', ['proxmox', 'vm', 'delete', 'db', '--yes', '--force'])
  })

  it('2: an answer that nobody can give', async () => {
    const error = await failsWith(2, 'usage', ['proxmox', 'vm', 'delete', 'scratch'])
    expect(error.hint).to.contain('--yes')
  })

  it('78: a configuration that makes no sense', async () => {
    await failsWith(78, 'config-invalid', ['proxmox', 'vm', 'list'], {env: {HOMELAB_ENDPOINTS: 'ftp://x'}})
  })
})

describe('waiting', () => {
  let cluster: TestCluster

  beforeEach(async () => {
    cluster = await startCluster({speed: 'stepped'})
  })

  afterEach(() => cluster.stop())

  it('124: stops after --timeout, tells the UPID, and leaves the task alone', async () => {
    const {json, exitCode, stdout, stderr} = await cluster.run([...CREATE, '--timeout', '1s', '--json', '--debug'])
    expectNoSecret(stdout + stderr, cluster.simulator.tokenSecret)
    expect(exitCode).to.equal(124)
    const {upid, hint} = json().error
    expect(hint).to.contain(`homelab proxmox task wait ${upid}`)
    await cluster.simulator.advance(3600)
    const waited = await cluster.run(['proxmox', 'task', 'wait', upid, '--json'])
    expect(waited.json()).to.include({outcome: 'ok', exitStatus: 'OK'})
  })

  it('124: of several, each task that goes on is named with the command that picks it up', async () => {
    const backups = ['proxmox', 'backup', 'run', 'db', 'git', '--storage', 'nas']
    for (const vmid of [100, 101]) await cluster.simulator.faults.add({kind: 'task-hang', type: 'vzdump', vmid})
    const {exitCode, stdout} = await cluster.run([...backups, '--timeout', '1s'])
    expect(exitCode).to.equal(124)
    expect(
      stdout.match(/^ {2}The task goes on; pick it up with: homelab proxmox task wait UPID:\S+$/gm),
    ).to.have.length(2)
    const upids = stdout.match(/UPID:\S+/g) ?? []
    expect((await cluster.run(['proxmox', 'task', 'stop', ...upids])).exitCode).to.equal(0)
    expect((await cluster.run([...backups, '--no-wait'])).stdout).to.match(/^2 begun, 0 failed$/m)
  })

  it('130: Ctrl-C stops waiting, not the task', async () => {
    const running = cluster.run([...CREATE, '--json', '--debug'])
    await arrived(cluster, /\/tasks\/.*\/status/)
    running.signal('SIGINT')
    const {json, exitCode, stdout, stderr} = await running
    expectNoSecret(stdout + stderr, cluster.simulator.tokenSecret)
    expect(exitCode).to.equal(130)
    const {error} = json()
    expect(error.code).to.equal('interrupted')
    expect(error.hint).to.contain(`homelab proxmox task wait ${error.upid}`)
    expect(cluster.requests.some(({method}) => method === 'DELETE')).to.equal(false)
  })

  it('143: so does SIGTERM', async () => {
    const running = cluster.run([...CREATE, '--json'])
    await arrived(cluster, /\/tasks\/.*\/status/)
    running.signal('SIGTERM')
    expect((await running).exitCode).to.equal(143)
  })

  it('survives a connection that breaks in the middle', async () => {
    let cuts = 0
    cluster.meddle = ({path}) => (/\/tasks\/.*\/status/.test(path) && cuts++ < 3 ? {drop: 'before'} : undefined)
    const running = cluster.run([...CREATE, '--json'])
    await arrived(cluster, /\/tasks\/.*\/status/)
    await cluster.simulator.advance(3600)
    const {json, exitCode} = await running
    expect(exitCode).to.equal(0)
    expect(json().task.outcome).to.equal('ok')
    expect(cuts).to.be.greaterThan(2)
  })
})

/** Resolves when the cluster has been asked for such a path. */
async function arrived({requests}: TestCluster, pattern: RegExp): Promise<void> {
  while (!requests.some(({path}) => pattern.test(path))) await new Promise((resolve) => setImmediate(resolve))
}
