import {expect} from 'chai'
import {ok} from 'neverthrow'
import {Config} from '@oclif/core'

import {BaseCommand} from '../../src/cli/base-command.js'
import {waitFlags} from '../../src/cli/flags.js'
import type {Runtime, StopSignal} from '../../src/cli/runtime.js'
import {failure} from '../../src/domain/failure.js'

const UPID = 'UPID:pve1:0000AAAA:00000001:6553F100:qmclone:101:root@pam:'

/** Starts a "task" and waits for it in the way `how` says. */
class Waiting extends BaseCommand<{done: boolean}> {
  static override id = 'waiting'
  static override flags = waitFlags
  how: 'deaf' | 'finishes' | 'obeys' | 'times-out' = 'obeys'
  onWait = (): void => {}

  override async run(): Promise<{done: boolean}> {
    await this.parse(Waiting)
    this.interruption.started(UPID)
    setTimeout(this.onWait, 0)
    if (this.how === 'deaf') await new Promise(() => {})
    if (this.how === 'times-out') this.fail(failure('timeout', 'waited long enough for the clone'))
    if (this.how !== 'deaf') await aborted(this.signal)
    if (this.how === 'finishes') {
      this.interruption.ended(UPID)
      return this.unwrap(ok({done: true}))
    }

    return this.fail(failure('unreachable', 'the connection was closed'))
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), {once: true}))
}

interface Outcome {
  stdout: string
  stderr: string
  exitCode: number | undefined
  exited: number[]
}

async function run(
  how: Waiting['how'],
  argv: string[],
  during: (send: (what: StopSignal | 'pipe') => void) => void,
): Promise<Outcome> {
  const outcome: Outcome = {exitCode: undefined, exited: [], stderr: '', stdout: ''}
  const handlers = new Map<string, () => void>()
  const runtime: Runtime = {
    cwd: '/',
    env: {},
    exit: (code) => void outcome.exited.push(code),
    now: () => 0,
    onSignal(name, handler) {
      handlers.set(name, handler)
      return () => handlers.delete(name)
    },
    onStdoutClosed(handler) {
      handlers.set('pipe', handler)
      return () => handlers.delete('pipe')
    },
    random: () => 0,
    setExitCode(code) {
      outcome.exitCode = code
    },
    stderr: {isTTY: false, write: (text) => void (outcome.stderr += text)},
    stdin: {isTTY: false, async *[Symbol.asyncIterator]() {}},
    stdout: {isTTY: false, write: (text) => void (outcome.stdout += text)},
  }
  const config = new Config({root: process.cwd(), runtime} as ConstructorParameters<typeof Config>[0])
  await config.load()
  const command = new Waiting(argv, config)
  command.how = how
  command.onWait = () => during((what) => handlers.get(what)?.())
  await command._run()
  expect(handlers.size, 'signal handlers left behind').to.equal(0)
  return outcome
}

describe('being interrupted', () => {
  it('says what goes on and how to pick it up: Ctrl-C is 130', async () => {
    const {exitCode, stderr, stdout} = await run('obeys', [], (send) => send('SIGINT'))
    expect(exitCode).to.equal(130)
    expect(stdout).to.equal('')
    expect(stderr).to.equal(
      `error: interrupted; the task goes on\ntask: ${UPID}\nhint: pick it up again with: homelab proxmox task wait ${UPID}\n`,
    )
  })

  it('says the same as JSON: SIGTERM is 143', async () => {
    const {exitCode, stderr, stdout} = await run('obeys', ['--json'], (send) => send('SIGTERM'))
    expect(exitCode).to.equal(143)
    expect(stderr).to.equal('')
    expect(JSON.parse(stdout).error).to.deep.equal({
      code: 'terminated',
      message: 'terminated; the task goes on',
      hint: `pick it up again with: homelab proxmox task wait ${UPID}`,
      exitCode: 143,
      upid: UPID,
    })
  })

  it('prints the result of what was finished all the same', async () => {
    const {exitCode, stdout} = await run('finishes', ['--json'], (send) => send('SIGINT'))
    expect(JSON.parse(stdout)).to.deep.equal({done: true})
    expect(exitCode).to.equal(0)
  })

  it('ends at once on the second Ctrl-C', async () => {
    const {exited} = await run('obeys', [], (send) => {
      send('SIGINT')
      send('SIGINT')
    })
    expect(exited).to.deep.equal([130])
  })

  it('does not wait for work that does not stop', async () => {
    const {exited, stdout} = await run('deaf', ['--json'], (send) => send('SIGINT'))
    expect(exited).to.deep.equal([130])
    expect(JSON.parse(stdout).error.upid).to.equal(UPID)
  })

  it('names the task when the wait ran out of time', async () => {
    const {exitCode, stdout} = await run('times-out', ['--json'], () => {})
    expect(exitCode).to.equal(124)
    expect(JSON.parse(stdout).error).to.include({
      code: 'timeout',
      upid: UPID,
      hint: `pick it up again with: homelab proxmox task wait ${UPID}`,
    })
  })

  it('ends quietly when nobody reads on', async () => {
    const {exitCode, stderr, stdout} = await run('obeys', [], (send) => send('pipe'))
    expect({exitCode, stderr, stdout}).to.deep.equal({exitCode: undefined, stderr: '', stdout: ''})
  })

  it('reads the wait flags as milliseconds, and says what is wrong with them', async () => {
    const {stdout} = await run('obeys', ['--json', '--timeout', 'soon'], () => {})
    expect(JSON.parse(stdout).error).to.include({
      code: 'usage',
      message: '--timeout: "soon" is not a duration',
      exitCode: 2,
    })
  })
})
