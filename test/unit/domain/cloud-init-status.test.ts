import {expect} from 'chai'

import {cloudInitVerdict} from '../../../src/domain/cloud-init-status.js'

const RECENT = (status: string, extended: string, errors = 'errors: []') =>
  `status: ${status}
extended_status: ${extended}
boot_status_code: enabled-by-generator
last_update: Thu, 01 Jan 1970 00:02:42 +0000
detail: DataSourceNoCloud [seed=/dev/sr0]
${errors}
recoverable_errors: {}
`

describe('cloudInitVerdict', () => {
  it('is met once cloud-init is done', () => {
    expect(cloudInitVerdict(RECENT('done', 'done'))).to.deep.equal({state: 'met', seen: 'done'})
    expect(cloudInitVerdict('status: done\ntime: Tue, 28 Jul 2020 15:12:48 +0000\n').state).to.equal('met')
    expect(cloudInitVerdict(RECENT('done', 'degraded done'))).to.deep.equal({
      state: 'met',
      seen: 'done, with recovered errors',
    })
  })

  it('waits while cloud-init works or has not begun', () => {
    for (const status of ['running', 'not run', 'not started']) {
      expect(cloudInitVerdict(RECENT(status, status)).state, status).to.equal('pending')
    }

    expect(cloudInitVerdict('').state).to.equal('pending')
  })

  it('never comes true after an error, and says which', () => {
    const recent = cloudInitVerdict(RECENT('error', 'error - done', "errors:\n\t- ('scripts_user', RuntimeError('1'))"))
    expect(recent).to.deep.equal({
      state: 'impossible',
      seen: "cloud-init reports an error: ('scripts_user', RuntimeError('1'))",
    })
    expect(cloudInitVerdict(RECENT('running', 'error - running')).state).to.equal('impossible')
    const old = cloudInitVerdict("status: error\ntime: Tue, 28 Jul 2020\ndetail:\n('timezone', OSError('no file'))\n")
    expect(old.seen).to.equal("cloud-init reports an error: ('timezone', OSError('no file'))")
  })

  it('never comes true where cloud-init is disabled', () => {
    expect(cloudInitVerdict('status: disabled\n').state).to.equal('impossible')
  })
})
