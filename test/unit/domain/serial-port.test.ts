import {expect} from 'chai'

import {serialPortIn} from '../../../src/domain/serial-port.js'

describe('the serial port of a console', () => {
  it('is the one asked for, that of the display, or the first that leads to a socket', () => {
    const config = {serial0: '/dev/ttyS0', serial2: 'socket', serial1: 'socket', serial9: 'socket'}
    expect(serialPortIn(config)).to.equal('serial1')
    expect(serialPortIn({...config, vga: 'serial2'})).to.equal('serial2')
    expect(serialPortIn({...config, vga: 'type=serial2,memory=4'})).to.equal('serial2')
    expect(serialPortIn({...config, vga: 'serial3'})).to.equal('serial1')
    expect(serialPortIn(config, 'serial2')).to.equal('serial2')
    expect(serialPortIn(config, 'serial0')).to.equal(undefined)
    expect(serialPortIn({vga: 'std'})).to.equal(undefined)
  })
})
