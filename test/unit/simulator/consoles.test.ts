import {expect} from 'chai'
import type {Duplex} from 'node:stream'

import {TermMessages} from '../../../src/simulator/console/term-messages.js'
import {Tty} from '../../../src/simulator/console/tty.js'
import {openApiWorld, type ApiWorld} from '../../helpers/api-world.js'

interface Opened {
  readonly user: string
  readonly ticket: string
  readonly port: string
  readonly upid: string
}

/** What a console shows, and keys for it. */
class Viewer {
  shown = ''
  ended = false
  readonly #waiting = new Set<() => void>()

  constructor(private readonly stream: Duplex) {
    stream.on('data', (bytes: Buffer) => {
      this.shown += bytes.toString('utf8')
      for (const look of this.#waiting) look()
    })
    stream.on('end', () => stream.end())
    stream.on('close', () => {
      this.ended = true
      for (const look of this.#waiting) look()
    })
  }

  send(text: string): void {
    this.stream.write(text)
  }

  type(keys: string): void {
    this.send(`0:${Buffer.byteLength(keys)}:${keys}`)
  }

  /** Resolves once this is shown, and forgets what came up to it. */
  async sees(text: string): Promise<void> {
    await this.until(() => this.shown.includes(text))
    this.shown = this.shown.slice(this.shown.indexOf(text) + text.length)
  }

  until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!isSo()) return
        this.#waiting.delete(look)
        resolve()
      }

      this.#waiting.add(look)
      look()
    })
  }

  leave(): void {
    this.stream.end()
  }
}

describe('consoles', () => {
  let api: ApiWorld

  const status = async ({upid}: Opened): Promise<string | undefined> => {
    await api.world.tasks.ended(upid)
    return api.world.tasks.get(upid)?.status
  }

  const open = (path: string, params = {}): Promise<Opened> => api.call('POST', `${path}/termproxy`, params)

  /** Goes the whole way: ticket, port, first line. */
  const connect = async (path: string, opened: Opened, line = `${opened.user}:${opened.ticket}\n`): Promise<Viewer> => {
    const {port} = await api.call('GET', `${path}/vncwebsocket`, {port: opened.port, vncticket: opened.ticket})
    const viewer = new Viewer(api.world.consoles.ports.connect('pve1', Number(port))!)
    viewer.send(line)
    return viewer
  }

  const logIn = async (viewer: Viewer): Promise<void> => {
    await viewer.sees('login: ')
    viewer.type('root\r')
    await viewer.sees('Password: ')
    viewer.type('secret\r')
    await viewer.sees('# ')
  }

  beforeEach(() => {
    api = openApiWorld('demo', {user: 'root@pam', via: 'pve1'})
    for (const vmid of [200, 201]) expect(api.world.store.of('guests').get(vmid)?.type).to.equal('lxc')
  })

  afterEach(() => api.close())

  it('of a container log in, echo, know their size and start over after exit', async () => {
    const path = '/nodes/pve1/lxc/200'
    const opened = await open(path)
    expect(opened.upid).to.match(/^UPID:pve1:.*:vncproxy:200:root@pam:$/)
    const viewer = await connect(path, opened)
    await viewer.sees('OK')
    await viewer.sees('dns login: ')
    viewer.type('root\r')
    await viewer.sees('root\r\n')
    await viewer.sees('Password: ')
    viewer.type('secret\r')
    await viewer.sees('root@dns:~# ')
    expect(viewer.shown).not.to.contain('secret')
    viewer.send('1:132:43:')
    viewer.type('stty size\r')
    await viewer.sees('43 132\r\n')
    viewer.type('echo  a  ü\u007F\u007Fb\r')
    await viewer.sees('\b \b\b \bb\r\na b\r\n')
    viewer.type('cat\r')
    await viewer.sees('cat\r\n')
    viewer.type('again\r')
    await viewer.sees('again\r\nagain\r\n')
    viewer.type('\u0004')
    viewer.type('nonsense\r')
    await viewer.sees('-bash: nonsense: command not found\r\n')
    viewer.type('exit\r')
    await viewer.sees('logout\r\n')
    await viewer.sees('dns login: ')
    viewer.leave()
    expect(await status(opened)).to.equal('OK')
  })

  it('of a container are the same ones when somebody comes back', async () => {
    const path = '/nodes/pve1/lxc/200'
    const first = await connect(path, await open(path))
    await logIn(first)
    first.leave()
    await first.until(() => first.ended)
    const second = await connect(path, await open(path))
    second.type('whoami\r')
    await second.sees('whoami\r\nroot\r\n')
  })

  it('of a guest on another node go there', async () => {
    const path = '/nodes/pve2/lxc/201'
    const opened = await open(path)
    expect(opened.upid).to.match(/^UPID:pve1:/)
    const viewer = await connect(path, opened)
    await viewer.sees('proxy login: ')
  })

  it('end when the guest stops', async () => {
    const path = '/nodes/pve1/lxc/200'
    const opened = await open(path)
    const viewer = await connect(path, opened)
    await viewer.sees('login: ')
    await api.call('POST', `${path}/status/stop`)
    await viewer.until(() => viewer.ended)
    expect(await status(opened)).to.equal('OK')
    const again = await connect(path, await open(path))
    await again.sees('lxc-console: 200 is not running')
    await again.until(() => again.ended)
  })

  it('end when their task is stopped or the node dies', async () => {
    const path = '/nodes/pve1/lxc/200'
    const stopped = await open(path)
    const viewer = await connect(path, stopped)
    await viewer.sees('login: ')
    api.world.tasks.stop(stopped.upid)
    await viewer.until(() => viewer.ended)
    expect(await status(stopped)).to.equal('received interrupt')
    const opened = await open(path)
    await connect(path, opened)
    api.world.killNode('pve1')
    expect(api.world.consoles.ports.connect('pve1', Number(opened.port))).to.equal(undefined)
  })

  describe('of a VM', () => {
    const path = '/nodes/pve1/qemu/100'
    const configure = (config: object): void => {
      const guest = api.world.store.of('guests').get(100)!
      const changed = {...guest.config, ...config}
      api.world.store.of('guests').update(100, {config: changed, run: {...guest.run!, config: changed}})
    }

    it('say what they lack', async () => {
      const cases: [object, object, string][] = [
        [{}, {}, 'unable to find a serial interface'],
        [{serial0: '/dev/ttyS0'}, {}, 'unable to find a serial interface'],
        [{serial0: '/dev/ttyS0'}, {serial: 'serial0'}, "wrong serial type on interface 'serial0'"],
        [{}, {serial: 'serial1'}, "serial interface 'serial1' is not configured"],
        [{vga: 'serial2'}, {}, "serial interface 'serial2' is not configured"],
      ]
      for (const [config, params, text] of cases) {
        configure(config)
        const opened = await open(path, params)
        const viewer = await connect(path, opened)
        await viewer.sees(`OK${text}\r\n`)
        await viewer.until(() => viewer.ended)
        expect(await status(opened)).to.equal('OK')
      }
    })

    it('are serial lines: silent until a key is pressed, and without a size', async () => {
      configure({serial0: 'socket'})
      const viewer = await connect(path, await open(path))
      await viewer.sees('OKstarting serial terminal on interface serial0\r\n')
      viewer.send('1:132:43:')
      viewer.type('\r')
      await logIn(viewer)
      viewer.type('stty size\r')
      await viewer.sees('0 0\r\n')
    })
  })

  describe('of a node', () => {
    it('let root in at once, and end with the shell', async () => {
      const opened = await open('/nodes/pve1')
      expect(opened.upid).to.contain(':vncshell::root@pam:')
      const viewer = await connect('/nodes/pve1', opened)
      await viewer.sees('OKroot@pve1:~# ')
      viewer.type('hostname\rexit\r')
      await viewer.sees('pve1\r\n')
      await viewer.until(() => viewer.ended)
      expect(await status(opened)).to.equal('OK')
    })

    it('ask everybody else, run on the node named, and want no tokens', async () => {
      api.close()
      api = openApiWorld('demo', {user: 'automation@pve', via: 'pve1'})
      const viewer = await connect('/nodes/pve3', await open('/nodes/pve3'))
      await viewer.sees('pve3 login: ')
      expect(await api.failure('POST', '/nodes/pve9/termproxy')).to.contain("hostname lookup 'pve9' failed")
      expect(await api.failure('POST', '/nodes/pve1/termproxy', {cmd: 'upgrade'})).to.contain('only root@pam')
      api.close()
      api = openApiWorld('demo', {user: 'automation@pve!homelab', via: 'pve1'})
      expect(await api.failure('POST', '/nodes/pve1/termproxy')).to.contain('does not look like a valid user name')
    })
  })

  describe('tickets', () => {
    const path = '/nodes/pve1/lxc/200'

    it('are for one path, one user and 40 seconds', async () => {
      const {port, ticket: vncticket} = await open(path)
      const refused = '401 permission denied - invalid PVEVNC ticket'
      expect(await api.call('GET', `${path}/vncwebsocket`, {port, vncticket})).to.deep.equal({port})
      expect(await api.failure('GET', '/nodes/pve2/lxc/201/vncwebsocket', {port, vncticket})).to.equal(refused)
      expect(await api.failure('GET', `${path}/vncwebsocket`, {port, vncticket: `${vncticket}A`})).to.equal(refused)
      await api.world.clock.advance(39)
      expect(await api.failure('GET', `${path}/vncwebsocket`, {port, vncticket})).to.equal('no failure')
      await api.world.clock.advance(2)
      expect(await api.failure('GET', `${path}/vncwebsocket`, {port, vncticket})).to.equal(refused)
      expect(await api.failure('GET', `${path}/vncwebsocket`, {port: 80, vncticket})).to.contain(
        'minimum value of 5900',
      )
    })

    it('that are wrong end the console without a word', async () => {
      const opened = await open(path)
      const viewer = await connect(path, opened, `root@pam:${opened.ticket}A\n`)
      await viewer.until(() => viewer.ended)
      expect(viewer.shown).to.equal('')
      expect(await status(opened)).to.match(
        /^command '\/usr\/bin\/termproxy 5900 --path \/vms\/200 .*failed: exit code 1$/,
      )
      expect(api.world.tasks.log(opened.upid)).to.include('invalid authentication - 401 authentication failure')
    })

    for (const [version, shown] of [
      ['8.4', ''],
      ['9.2', 'OK'],
    ] as const) {
      it(`of a token are ${shown === '' ? 'not good enough' : 'good'} for ${version}`, async () => {
        api.close()
        api = openApiWorld('demo', {user: 'automation@pve!homelab', via: 'pve1', version})
        const opened = await open(path)
        const viewer = await connect(path, opened)
        await viewer.until(() => viewer.ended || viewer.shown.length > 1)
        expect(viewer.shown.slice(0, 2)).to.equal(shown)
        if (version === '9.2') {
          const asked = {authid: opened.user, path: '/vms/200', port: opened.port, vncticket: opened.ticket}
          expect(await api.failure('POST', '/access/vncticket', {...asked, privs: 'VM.Console'})).to.equal('no failure')
          const other = {...asked, path: '/vms/201', privs: 'VM.Console'}
          expect(await api.failure('POST', '/access/vncticket', other)).to.contain('401')
        }
      })
    }
  })

  it('nobody connects to fail', async () => {
    const opened = await open('/nodes/pve1/lxc/200')
    const screen: Opened = await api.call('POST', '/nodes/pve1/lxc/200/vncproxy')
    expect([opened.port, screen.port]).to.deep.equal(['5900', '5901'])
    expect(await status(opened)).to.match(/^command '.*' failed: exit code 1$/)
    expect(api.world.tasks.log(opened.upid)).to.include('failed waiting for client: timed out')
    expect(await status(screen)).to.equal('connection timed out')
    expect((await open('/nodes/pve1/lxc/200')).port).to.equal('5900')
  })
})

describe('messages of a terminal', () => {
  it('are found wherever the stream of bytes was cut', () => {
    const bytes = Buffer.from('20:6:ä:b1:21:80:24:x0:3:\r2:1:0:5:0:1:x')
    for (let cut = 0; cut <= bytes.length; cut++) {
      const reader = new TermMessages()
      const found = [...reader.push(bytes.subarray(0, cut)), ...reader.push(bytes.subarray(cut))]
      const keys = Buffer.concat(found.flatMap((message) => (message.kind === 'keys' ? [message.bytes] : [])))
      expect(keys.toString('utf8'), String(cut)).to.equal('ä:b1:\r2:x')
      const sizes = found.filter(({kind}) => kind === 'size')
      expect(sizes, String(cut)).to.deep.equal([{kind: 'size', columns: 80, rows: 24}])
    }
  })
})

describe('the line discipline of a terminal', () => {
  it('edits lines, and keeps a few screens for whoever comes late', async () => {
    const tty = new Tty({columns: 80, rows: 24}, true)
    tty.write('x'.repeat(5000))
    tty.write('end')
    let seen = ''
    tty.attach((bytes) => {
      seen += bytes.toString('utf8')
    })
    expect(seen).to.equal('end')
    tty.input(Buffer.from('wrong\u0015right\u0001\u007F\r'))
    expect(await tty.read()).to.deep.equal({kind: 'text', text: 'right'})
    expect(seen.endsWith('right^A\b \b\b \b\r\n')).to.equal(true)
    tty.input(Buffer.from('half\u0003\u0004'))
    expect([await tty.read(), await tty.read()]).to.deep.equal([{kind: 'interrupt'}, {kind: 'end'}])
  })
})
