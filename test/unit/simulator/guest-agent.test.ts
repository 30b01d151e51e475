import {expect} from 'chai'
import {openApiWorld, type ApiWorld} from '../../helpers/api-world.js'
import type {Json} from '../../../src/simulator/kernel/pve-error.js'

/** The VM db runs and has an agent. */
const VM = 100
const at = '/nodes/pve1/qemu/100/agent'

describe('the guest agent of the simulator', () => {
  let api: ApiWorld

  beforeEach(() => {
    api = openApiWorld('demo')
  })
  afterEach(() => api.close())

  const program = (agent: {[command: string]: Json}): void => {
    api.world.store.of('guests').update(VM, {behaviour: {agent}})
  }
  const exec = async (...command: string[]): Promise<number> =>
    (await api.call('POST', `${at}/exec`, {command: command as never})).pid
  const status = (pid: number) => api.call('GET', `${at}/exec-status`, {pid})

  it('tells the end of a program once', async () => {
    program({exec: {'grep x': {exitcode: 1, 'err-data': 'nothing\n'}}})
    const pid = await exec('grep', 'x')
    expect(await status(pid)).to.deep.equal({exited: 1, exitcode: 1, 'err-data': 'nothing\n'})
    expect(await api.failure('GET', `${at}/exec-status`, {pid})).to.contain(`Agent error: PID ${pid} does not exist`)
    expect(await exec('true')).to.equal(pid + 1)
  })

  it('knows what a few programs do without being told', async () => {
    expect(await status(await exec('echo', 'a', 'b'))).to.include({exitcode: 0, 'out-data': 'a b\n'})
    expect(await status(await exec('/bin/false'))).to.deep.equal({exited: 1, exitcode: 1})
    expect(await status(await exec('hostname'))).to.include({'out-data': 'db\n'})
    expect(await status(await exec('apt-get', 'update'))).to.deep.equal({exited: 1, exitcode: 0})
  })

  it('lets a program run for a while', async () => {
    program({exec: {sleep: {seconds: 3600}}})
    const pid = await exec('sleep', '3600')
    expect(await status(pid)).to.deep.equal({exited: 0})
  })

  it('says when a program cannot be started', async () => {
    program({exec: {nope: {error: "Guest agent command failed, error was 'Failed to execute child process'"}}})
    expect(await api.failure('POST', `${at}/exec`, {command: ['nope'] as never})).to.contain(
      '500 Agent error: Guest agent',
    )
  })

  it('hands bytes through as characters, and takes none that are wider', async () => {
    const bytes = String.fromCharCode(...Array.from({length: 256}, (_, i) => i))
    const {pid} = await api.call('POST', `${at}/exec`, {command: ['cat'] as never, 'input-data': bytes})
    expect((await status(pid))['out-data']).to.equal(bytes)
    expect(await api.failure('POST', `${at}/exec`, {command: ['cat'] as never, 'input-data': '€'})).to.contain(
      'Wide character',
    )
    await api.call('POST', `${at}/file-write`, {file: '/tmp/x', content: bytes})
    expect((await api.call('GET', `${at}/file-read`, {file: '/tmp/x'})).content).to.equal(bytes)
    expect(await api.failure('POST', `${at}/file-write`, {file: '/tmp/x', content: '€'})).to.contain('Wide character')
  })

  it('writes base64 as it is meant', async () => {
    await api.call('POST', `${at}/file-write`, {file: '/tmp/x', content: '4oKs', encode: 0})
    expect((await api.call('GET', `${at}/file-read`, {file: '/tmp/x'})).content).to.equal('\u00E2\u0082\u00AC')
  })

  it('hangs until it is restarted when a request loses its end to wide characters', async () => {
    expect(await exec('echo', 'é')).to.be.a('number')
    expect(await api.failure('POST', `${at}/exec`, {command: ['echo', '—'] as never})).to.contain(
      "qga command 'guest-exec' failed - got timeout",
    )
    expect(await api.failure('POST', `${at}/ping`)).to.contain('QEMU guest agent is not running')
  })
})
