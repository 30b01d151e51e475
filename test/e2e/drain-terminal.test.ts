import {expect} from 'chai'

import {useTerminal} from '../helpers/terminal.js'

describe('draining at a terminal', function () {
  this.timeout(60_000)

  const {cluster, open} = useTerminal()

  it('shows the plan and asks, then what is under way, and leaves one line', async () => {
    const no = open('proxmox node drain pve2')
    await no.sees('git (VM 101): pve2 -> pve1, online')
    await no.sees('Drain pve2?')
    no.type('n\r')
    await no.sees('EXIT=8')
    await no.end()

    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    cluster().meddle = ({method, path: to}) =>
      method === 'GET' && /:qmigrate:101:.*\/status$/.test(decodeURIComponent(to))
        ? {holdAnswer: () => held}
        : undefined
    const yes = open('proxmox node drain pve2')
    await yes.sees('Drain pve2?')
    yes.type('y\r')
    await yes.sees('drain of pve2: 1 of 2 50%')
    release()
    await yes.sees('no guest runs on pve2: 2 guests moved away, 0 shut down')
    await yes.sees('EXIT=0')
    expect(yes.output).not.to.contain('undefined')
  })
})
