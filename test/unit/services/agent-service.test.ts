import {expect} from 'chai'
import {errAsync, okAsync, type ResultAsync} from 'neverthrow'
import {failure, type Failure} from '../../../src/domain/failure.js'
import type {Guest} from '../../../src/domain/guest.js'
import type {CommandState} from '../../../src/repositories/agent-repository.js'
import {AgentService} from '../../../src/services/agent-service.js'

const vm: Guest = {vmid: 101, name: 'web', type: 'qemu', node: 'pve1', status: 'running', template: false, tags: []}
const nothing = {stdout: new Uint8Array(), stderr: new Uint8Array(), stdoutTruncated: false, stderrTruncated: false}
const running: CommandState = {exited: false, ...nothing}
const ended: CommandState = {exited: true, exitCode: 0, ...nothing}
const silent = failure('conflict', 'nobody answers', {details: {reason: 'agent-not-answering'}})
const moved = failure('not-found', 'not there', {details: {reason: 'guest-not-there'}})

/** An agent that gives these answers one after the other, the last of them again and again, on a clock that only sleeping moves. */
function world(
  answers: (CommandState | Failure)[],
  {release = '9.2', node = 'pve1', started = okAsync<number, Failure>(7)} = {},
) {
  const log = {sent: [] as unknown[], asked: 0, slept: 0}
  const service = new AgentService(
    {resources: () => okAsync({guests: [{...vm, node}], nodes: [], storages: []})} as never,
    {
      start(on: Guest, command: unknown, input?: string): ResultAsync<number, Failure> {
        log.sent.push([on.node, command, ...(input === undefined ? [] : [input])])
        return on.node === node ? started : errAsync(moved)
      },
      state(on: Guest): ResultAsync<CommandState, Failure> {
        if (on.node !== node) return errAsync(moved)
        const answer = answers[Math.min(log.asked++, answers.length - 1)]!
        return 'kind' in answer ? errAsync(answer) : okAsync(answer)
      },
    } as never,
    {release: () => okAsync(release)},
    {
      now: () => log.slept,
      sleep: async (ms: number) => {
        log.slept += ms
      },
    },
  )
  return {service, log}
}

const patience = {deadline: 10 * 60_000}

describe('AgentService.exec', () => {
  it('asks more and more seldom until the command has ended', async () => {
    const {service, log} = world([running, running, running, ended])
    expect((await service.exec(vm, {command: ['make']}, patience))._unsafeUnwrap()).to.include({pid: 7, exitCode: 0})
    expect(log).to.deep.include({asked: 4, sent: [['pve1', ['make']]]})
    expect(log.slept).to.be.lessThan(400)
  })

  it('sends the words to an old server as one text that ends each of them', async () => {
    const {service, log} = world([ended], {release: '7.4'})
    await service.exec(vm, {command: ['sh', '-c', 'a, b;  c']}, patience)
    expect(log.sent).to.deep.equal([['pve1', 'sh\0-c\0a, b;  c\0']])
  })

  it('sends nothing but ASCII, and input as one character for each byte', async () => {
    const {service, log} = world([ended])
    await service.exec(vm, {command: ['echo', '—'], input: new TextEncoder().encode('€')}, patience)
    const [[, command, input]] = log.sent as [[string, string[], string]]
    expect(command.join('')).to.match(/^[\u0001-\u007F]+$/)
    expect(input).to.equal('\u00E2\u0082\u00AC')
  })

  it('follows a VM that has moved', async () => {
    const {service, log} = world([running, ended], {node: 'pve2'})
    expect((await service.exec(vm, {command: ['true']}, patience)).isOk()).to.equal(true)
    expect(log.sent).to.deep.equal([
      ['pve1', ['true']],
      ['pve2', ['true']],
    ])
  })

  it('bears an agent that is busy for a while, and gives up on one that stays silent', async () => {
    const busy = world([running, silent, silent, ended])
    expect((await busy.service.exec(vm, {command: ['dd']}, patience)).isOk()).to.equal(true)
    const gone = world([running, silent])
    const failed = (await gone.service.exec(vm, {command: ['reboot']}, patience))._unsafeUnwrapErr()
    expect(failed).to.include({kind: 'outcome-unknown'})
    expect(failed.details).to.include({pid: 7})
    expect(gone.log.slept).to.be.within(30_000, 40_000)
  })

  it('says with its process id that a command goes on when the time is up', async () => {
    const {service} = world([running])
    const failed = (await service.exec(vm, {command: ['sleep', '9']}, {deadline: 5000}))._unsafeUnwrapErr()
    expect(failed.kind).to.equal('timeout')
    expect(failed.hint).to.contain('homelab proxmox vm exec web -- kill 7')
  })

  it('does not know whether a command was started when the agent fell silent over it', async () => {
    const fell = failure('conflict', 'got timeout', {details: {reason: 'agent-fell-silent'}})
    const {service, log} = world([ended], {started: errAsync(fell)})
    const failed = (await service.exec(vm, {command: ['true']}, patience))._unsafeUnwrapErr()
    expect(failed).to.include({kind: 'outcome-unknown', message: 'got timeout. The command may run nevertheless'})
    expect(log.asked).to.equal(0)
  })

  it('takes 64 KiB of input, and no more', async () => {
    const {service, log} = world([ended])
    expect((await service.exec(vm, {command: ['cat'], input: new Uint8Array(65_536)}, patience)).isOk()).to.equal(true)
    const failed = (
      await service.exec(vm, {command: ['cat'], input: new Uint8Array(65_537)}, patience)
    )._unsafeUnwrapErr()
    expect(failed.kind).to.equal('usage')
    expect(log.sent).to.have.length(1)
  })
})
