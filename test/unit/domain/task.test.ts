import {expect} from 'chai'

import {outcomeOf, pollDelay, progressInLog} from '../../../src/domain/task.js'
import {parseUpid} from '../../../src/domain/upid.js'

describe('tasks', () => {
  it('have three outcomes', () => {
    expect(outcomeOf('OK')).to.equal('ok')
    expect(outcomeOf('WARNINGS: 2')).to.equal('warnings')
    for (const text of ['VM 100 already running', 'unexpected status', 'WARNINGS: x', '', 'OK then']) {
      expect(outcomeOf(text)).to.equal('failed')
    }
  })

  it('tell their progress in the log', () => {
    expect(progressInLog('transferred 1.0 GiB of 4.0 GiB (25.00%)')).to.equal(0.25)
    expect(progressInLog('INFO:  31% (1.2 GiB of 4.0 GiB) in 3s')).to.equal(0.31)
    expect(progressInLog('drive-scsi0: transferred 34.0 MiB of 1.0 GiB (3.32%) in 1s')).to.be.closeTo(0.0332, 1e-9)
    expect(progressInLog(' 32768K ........ ........ ........ ........  5%  104M 6s')).to.equal(0.05)
    expect(progressInLog('1024K 40%')).to.equal(0.4)
    expect(progressInLog("Formatting 'x', size=1073741824")).to.equal(undefined)
  })

  it('are asked about quickly at first, every two seconds later', () => {
    expect(pollDelay(0)).to.equal(250)
    expect(pollDelay(50)).to.equal(2000)
  })

  it('have a UPID that says where and what', () => {
    const upid = parseUpid('UPID:pve1:00000B39:000A4CE3:6B017633:qmclone:100:root@pam!t1:')
    expect(upid).to.include({node: 'pve1', type: 'qmclone', id: '100', user: 'root@pam!t1'})
    expect(upid?.startTime.getTime()).to.equal(0x6b_01_76_33 * 1000)
    for (const bad of ['', 'UPID:pve1', 'UPID:pve1:00000B39:000A4CE3:6B017633:qmclone:100:root@pam']) {
      expect(parseUpid(bad)).to.equal(undefined)
    }
  })
})
