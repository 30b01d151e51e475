import {expect} from 'chai'

import {readReply} from '../../../src/proxmox/reply.js'

describe('readReply', () => {
  it('keeps what stands beside the data', () => {
    const body = JSON.stringify({data: [1], total: 7, changes: '+auto vmbr1', message: 'note\n'})
    expect(readReply({status: 200, reason: 'OK', body})).to.deep.equal({
      reply: {data: [1], total: 7, changes: '+auto vmbr1', message: 'note'},
    })
  })

  it('leaves absent what was not sent', () => {
    expect(readReply({status: 200, reason: 'OK', body: '{"data":null}'})).to.deep.equal({reply: {data: null}})
  })

  it('takes the message of the body, and the errors without their newlines', () => {
    const body = '{"data":null,"errors":{"vmid":"invalid format\\n"},"message":"Parameter verification failed.\\n"}'
    expect(readReply({status: 400, reason: 'Parameter verification failed.', body})).to.deep.equal({
      problem: {
        kind: 'status',
        status: 400,
        reason: 'Parameter verification failed.',
        text: 'Parameter verification failed.',
        errors: {vmid: 'invalid format'},
      },
    })
  })

  it('takes the reason phrase where the body says nothing', () => {
    for (const [status, reason] of [
      [500, "can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout"],
      [401, 'No ticket'],
      [595, 'No route to host'],
    ] as const) {
      expect(readReply({status, reason, body: ''})).to.deep.equal({
        problem: {kind: 'status', status, reason, text: reason},
      })
    }
  })

  it('calls a 200 without a JSON object no answer', () => {
    for (const body of ['', '{"data":[1,', '<html>', '[]', 'null', '"OK"']) {
      expect(readReply({status: 200, reason: 'OK', body}), body).to.have.nested.property('problem.kind', 'protocol')
    }
  })

  it('does not follow redirections', () => {
    expect(readReply({status: 301, reason: 'Moved', body: ''})).to.have.nested.property('problem.kind', 'protocol')
  })
})
