import {expect} from 'chai'

import {type Answer, type ApiWorld, openApiWorld} from '../../helpers/api-world.js'

describe('a simulated node', () => {
  let api: ApiWorld
  beforeEach(() => {
    api = openApiWorld('recorded-cluster')
  })
  afterEach(() => api.close())

  it('keeps its notes with a digest, and nothing when they are gone', async () => {
    expect(await api.call('GET', '/nodes/n1/config')).to.deep.equal({})
    await api.call('PUT', '/nodes/n1/config', {description: 'a', 'startall-onboot-delay': 5})
    expect(await api.call('GET', '/nodes/n1/config')).to.deep.include({description: 'a\n', 'startall-onboot-delay': 5})
    expect(await api.failure('PUT', '/nodes/n1/config', {description: 'b', digest: '0'.repeat(40)})).to.include(
      'detected modified configuration',
    )
    await api.call('PUT', '/nodes/n1/config', {delete: 'description,startall-onboot-delay'})
    expect(await api.call('GET', '/nodes/n1/config')).to.deep.equal({})
  })

  it('has a time zone and a time in it', async () => {
    await api.call('PUT', '/nodes/n1/time', {timezone: 'Asia/Tokyo'})
    const {time, localtime, timezone} = (await api.call('GET', '/nodes/n1/time')) as Answer
    expect([timezone, localtime - time]).to.deep.equal(['Asia/Tokyo', 9 * 3600])
    expect(await api.failure('PUT', '/nodes/n1/time', {timezone: 'Mars/Base'})).to.include('No such timezone')
  })

  it('starts the guests that start with it in their order, and stops them the other way round', async () => {
    for (const [vmid, startup] of [
      [901, 'order=2'],
      [902, 'order=1,up=3'],
    ] as const)
      await api.task('POST', '/nodes/n1/qemu', {vmid, memory: 64, onboot: 1, startup})
    await api.task('POST', '/nodes/n1/qemu', {vmid: 903, memory: 64})
    expect(await api.task('POST', '/nodes/n1/startall', {vms: '901,902,903'})).to.equal('OK')
    expect(api.log()).to.deep.equal([
      'Starting VM 902',
      'Waiting for 3 seconds (startup delay)',
      'Starting VM 901',
      'TASK OK',
    ])
    expect(await api.task('POST', '/nodes/n1/stopall', {vms: '901,902', timeout: 1})).to.equal('OK')
    expect(api.log()).to.deep.equal([
      'Stopping VM 901 (timeout = 1 seconds)',
      'Stopping VM 902 (timeout = 1 seconds)',
      'TASK OK',
    ])
  })

  it('moves all its guests away', async () => {
    for (const vmid of [911, 912]) await api.task('POST', '/nodes/n1/qemu', {vmid, memory: 64, scsi0: 'shared:1'})
    const vms = '911,912'
    expect(await api.failure('POST', '/nodes/n1/migrateall', {target: 'n2', vms})).to.include(
      "either 'maxworkers' parameter or max_workers in datacenter.cfg must be set!",
    )
    expect(await api.failure('POST', '/nodes/n1/migrateall', {target: 'n1', vms})).to.include('target is local node.')
    expect(await api.task('POST', '/nodes/n1/migrateall', {target: 'n2', vms, maxworkers: 2})).to.equal('OK')
    expect(api.log()).to.include.members(['Check VM 911: precondition check passed', 'Migrating VM 912'])
    expect(api.log().slice(-2)).to.deep.equal(['All jobs finished, used 2 workers in total.', 'TASK OK'])
    expect(api.world.store.of('guests').get(911)?.node).to.equal('n2')
  })

  it('lists what is below a path, and nothing else', async () => {
    const below = ((await api.call('GET', '/nodes/n9')) as readonly Answer[]).map(({name}) => String(name))
    expect(below).to.include.members(['qemu', 'tasks', 'wakeonlan']).and.not.include('execute')
    expect(await api.call('GET', '/nodes/n1/services/sshd')).to.deep.equal(
      ['reload', 'restart', 'start', 'state', 'stop'].map((subdir) => ({subdir})),
    )
  })

  it('stops and starts a service', async () => {
    const state = async (): Promise<string> =>
      String(((await api.call('GET', '/nodes/n1/services/postfix/state')) as Answer).state)
    expect(await api.task('POST', '/nodes/n1/services/postfix/stop')).to.equal('OK')
    expect(await state()).to.equal('dead')
    await api.task('POST', '/nodes/n1/services/postfix/restart')
    expect(await state()).to.equal('running')
  })

  it('answers several calls in one to root alone', async () => {
    const commands = JSON.stringify([
      {method: 'GET', path: 'version'},
      {method: 'GET', path: 'nodes/n1/qemu/7777/config', args: {x: 1}},
    ])
    expect(await api.failure('POST', '/nodes/n1/execute', {commands})).to.include('user != root@pam')
    const root = openApiWorld('recorded', {user: 'root@pam'})
    const answers = (await root.call('POST', '/nodes/pve1/execute', {commands})) as readonly Answer[]
    expect(answers.map(({status}) => Number(status))).to.deep.equal([200, 400])
    expect(answers[0].data.release).to.equal('8.4')
    root.close()
  })
})

describe('figures of a simulated node', () => {
  it('have as many points as the release keeps', async () => {
    for (const [version, points] of [
      ['8.4', 70],
      ['9.2', 1440],
    ] as const) {
      const api = openApiWorld('recorded', {version})
      const day = (await api.call('GET', '/nodes/pve1/rrddata', {timeframe: 'day'})) as readonly Answer[]
      expect(day).to.have.length(points)
      expect(day[0]).to.have.all.keys('time')
      expect(day.at(-1)).to.include.keys('cpu', 'memused', ...(version === '9.2' ? ['pressureiofull'] : []))
      api.close()
    }
  })
})
