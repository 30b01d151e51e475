import {expect} from 'chai'

import type {Method, Problem} from '../../../src/proxmox/request-error.js'
import {retryPause} from '../../../src/proxmox/retry.js'

const refused: Problem = {kind: 'not-connected', reason: 'refused', attempts: []}
const lost: Problem = {kind: 'lost', reason: 'reset'}
const silent: Problem = {kind: 'lost', reason: 'timeout'}
const proxy = (status: number): Problem => ({kind: 'status', status, reason: '', text: ''})

function again(problem: Problem, method: Method, attempt = 1, tookMs = 10): boolean {
  return retryPause(problem, {repeatable: method === 'get', attempt, tookMs, random: 0.5}) !== undefined
}

describe('retryPause', () => {
  it('repeats a GET after what may pass', () => {
    for (const problem of [refused, lost, silent, proxy(595), proxy(596), proxy(599)])
      expect(again(problem, 'get')).to.equal(true)
  })

  it('repeats a write only when no connection was established', () => {
    for (const method of ['post', 'put', 'delete'] as const) {
      expect(again(refused, method)).to.equal(true)
      for (const problem of [lost, silent, proxy(595), proxy(596), proxy(599)])
        expect(again(problem, method)).to.equal(false)
    }
  })

  it('never repeats what would end the same way', () => {
    const problems: Problem[] = [
      proxy(500),
      proxy(401),
      proxy(400),
      {kind: 'certificate-changed', expected: 'a', actual: 'b'},
      {kind: 'certificate-untrusted', code: 'x'},
      {kind: 'protocol', status: 200, detail: ''},
      {kind: 'aborted', sent: false},
      {kind: 'not-connected', reason: 'timeout', attempts: []},
      {kind: 'not-connected', reason: 'dns', code: 'ENOTFOUND', attempts: []},
    ]
    for (const problem of problems) expect(again(problem, 'get'), problem.kind).to.equal(false)
  })

  it('gives up after three attempts, and after two that ran into the time limit', () => {
    expect(again(lost, 'get', 2)).to.equal(true)
    expect(again(lost, 'get', 3)).to.equal(false)
    expect(again(silent, 'get', 2)).to.equal(false)
  })

  it('does not wait for a slow proxy twice', () => {
    expect(again(proxy(596), 'get', 1, 30_000)).to.equal(false)
  })

  it('waits longer each time, and never all clients the same', () => {
    const pause = (attempt: number, random: number) => retryPause(lost, {repeatable: true, attempt, tookMs: 1, random})
    expect([pause(1, 0), pause(1, 1), pause(2, 0), pause(2, 1)]).to.deep.equal([125, 250, 250, 500])
  })
})
