import {expect} from 'chai'

import type {GuestNow} from '../../../src/domain/guest-now.js'
import {
  checkConditions,
  judgeByStatus,
  parseWaitCondition,
  type WaitCondition,
} from '../../../src/domain/wait-condition.js'

const condition = (text: string): WaitCondition => parseWaitCondition(text)._unsafeUnwrap()
const now = (fields: Partial<GuestNow> = {}): GuestNow => ({
  status: 'running',
  template: false,
  haManaged: false,
  agentEnabled: true,
  ...fields,
})

describe('wait conditions', () => {
  it('are read as people write them', () => {
    expect(condition('running')).to.deep.equal({text: 'running', kind: 'running'})
    expect(condition('tcp:22')).to.deep.equal({text: 'tcp:22', kind: 'tcp', port: 22})
    expect(condition('http:/health')).to.deep.include({kind: 'http', scheme: 'http', path: '/health'})
    expect(condition('http:/health')).not.to.have.property('port')
    expect(condition('https:8443/a?b=c')).to.deep.include({scheme: 'https', port: 8443, path: '/a?b=c'})
    expect(condition('http:8080')).to.deep.include({port: 8080, path: '/'})
    expect(condition('https://app.lan/x')).to.deep.include({kind: 'url', url: 'https://app.lan/x'})
  })

  for (const text of [
    '',
    'run',
    'tcp',
    'tcp:',
    'tcp:0',
    'tcp:65536',
    'tcp:ssh',
    'http:',
    'http:x',
    'https://',
    'ip5',
  ]) {
    it(`refuse "${text}" and name those there are`, () => {
      const failed = parseWaitCondition(text)._unsafeUnwrapErr()
      expect(failed.kind).to.equal('usage')
      expect(failed.message).to.contain(`"${text}"`)
      expect(failed.hint).to.contain('running, stopped, agent').and.to.contain('tcp:PORT')
    })
  }

  it('suggest the word that was meant', () => {
    expect(parseWaitCondition('runnning')._unsafeUnwrapErr().hint).to.match(/^did you mean running\?/)
  })

  it('take no password, and do not repeat it', () => {
    const failed = parseWaitCondition('https://me:hunter2@app.lan/')._unsafeUnwrapErr()
    expect(failed.kind).to.equal('usage')
    expect(JSON.stringify(failed)).not.to.contain('hunter2')
  })

  it('that a container never fulfils are refused as such', () => {
    for (const text of ['agent', 'cloud-init']) {
      const failed = checkConditions([condition('running'), condition(text)], 'lxc', false)._unsafeUnwrapErr()
      expect(failed.kind).to.equal('not-supported')
      expect(failed.message).to.contain(text)
      expect(checkConditions([condition(text)], 'qemu', false).isOk()).to.equal(true)
    }
  })

  it('that exclude each other are refused, unless either is enough', () => {
    const both = [condition('stopped'), condition('tcp:22')]
    expect(checkConditions(both, 'qemu', false)._unsafeUnwrapErr().kind).to.equal('usage')
    expect(checkConditions(both, 'qemu', true).isOk()).to.equal(true)
    expect(checkConditions([condition('stopped'), condition('lock-free')], 'qemu', false).isOk()).to.equal(true)
  })

  it("are judged by the guest's state as far as it goes", () => {
    const state = (text: string, fields?: Partial<GuestNow>) => judgeByStatus(condition(text), now(fields))?.state
    expect(state('running')).to.equal('met')
    expect(state('running', {status: 'paused'})).to.equal('pending')
    expect(state('stopped')).to.equal('pending')
    expect(state('stopped', {status: 'stopped'})).to.equal('met')
    expect(state('lock-free')).to.equal('met')
    expect(state('lock-free', {lock: 'backup'})).to.equal('pending')
    expect(state('agent')).to.equal(undefined)
    expect(state('agent', {status: 'stopped'})).to.equal('pending')
    expect(state('tcp:22', {status: 'stopped'})).to.equal('pending')
    expect(state('https://app.lan/', {status: 'stopped'})).to.equal(undefined)
  })

  it('that need the agent cannot come true without it', () => {
    const state = (text: string) => judgeByStatus(condition(text), now({agentEnabled: false}))?.state
    for (const text of ['agent', 'cloud-init', 'ip4', 'ip6']) expect(state(text), text).to.equal('impossible')
    // A static address of the configuration may do.
    expect(state('tcp:22')).to.equal(undefined)
  })

  it('that need a running guest cannot come true for a template', () => {
    const state = (text: string) => judgeByStatus(condition(text), now({template: true, status: 'stopped'}))?.state
    expect(state('running')).to.equal('impossible')
    expect(state('stopped')).to.equal('met')
    expect(state('lock-free')).to.equal('met')
  })
})
