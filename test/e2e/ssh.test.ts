import {expect} from 'chai'
import {startCluster, type TestCluster} from '../helpers/cluster.js'
import {fakeSsh, type FakeSsh} from '../helpers/fake-ssh.js'

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`ssh to a guest on ${pveVersion}`, () => {
    let cluster: TestCluster
    let ssh: FakeSsh

    before(async () => {
      cluster = await startCluster({pveVersion})
    })
    after(() => cluster.stop())
    beforeEach(() => {
      ssh = fakeSsh()
    })
    afterEach(() => ssh.remove())

    const run = (...args: string[]) => cluster.run(['proxmox', ...args], {env: ssh.env})

    it('goes to the address of a VM, with what is for ssh after it', async () => {
      const done = await run('vm', 'ssh', 'db', '--user', 'debian', '--', '-L', '8080:localhost:80', 'echo', 'hi')
      expect(done).to.include({stdout: 'hi\n', exitCode: 0})
      expect(ssh.calls()).to.deep.equal([['-l', 'debian', '10.0.0.101', '-L', '8080:localhost:80', 'echo', 'hi']])
    })

    it('goes to a container, at the address that is chosen', async () => {
      expect(await run('lxc', 'ssh', 'dns', '--cidr', '192.0.2.0/24')).to.include({exitCode: 0, stdout: ''})
      expect(ssh.calls()).to.deep.equal([['192.0.2.2']])
    })

    it('ends as ssh does, also where ssh itself fails', async () => {
      expect(await run('vm', 'ssh', 'db', '--', 'exit 7')).to.include({exitCode: 7})
      expect(await run('vm', 'ssh', 'db', '--', 'exit 255')).to.include({exitCode: 255})
      const json = await run('lxc', 'ssh', 'dns', '--json', '--', 'echo out; exit 3')
      expect(json.exitCode).to.equal(3)
      expect(json.json()).to.deep.include({vmid: 200, exitCode: 3, stdout: 'out\n'})
      expect(json.json().address).to.include({address: '192.0.2.2', net: 'net0'})
    })

    it('says what it would call, and calls nothing', async () => {
      expect(await run('vm', 'ssh', 'db', '--dry-run', '--no-input', '--', 'uname -a')).to.include({
        stdout: "ssh -o BatchMode=yes 10.0.0.101 'uname -a'\n",
      })
      expect(ssh.calls()).to.deep.equal([])
    })

    it('takes no option of ssh for a user', async () => {
      expect(await run('vm', 'ssh', 'db', '--user=-oProxyCommand=x')).to.include({exitCode: 2})
      expect(ssh.calls()).to.deep.equal([])
    })
  })
}
