import {expect} from 'chai'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {startCluster, type TestCluster} from '../helpers/cluster.js'
import type {RunOptions} from '../helpers/run-command.js'
import {runProcess} from '../helpers/run-process.js'

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`config, Proxmox VE ${pveVersion}`, () => {
    let cluster: TestCluster
    let folder: string

    beforeEach(async () => {
      cluster = await startCluster({pveVersion})
      folder = fs.mkdtempSync(path.join(os.tmpdir(), 'homelab-config-'))
    })

    afterEach(async () => {
      await cluster.stop()
      fs.rmSync(folder, {recursive: true})
    })

    const run = async (argv: readonly string[], options: RunOptions = {}) => {
      const {json, ...rest} = await cluster.run(['proxmox', ...argv, '--json'], options)
      return {...rest, result: json()}
    }
    const guestCalled = (name: string) => {
      const guests = [...cluster.simulator.world.store.of('guests').values()]
      return guests.find(({config}) => (config['name'] ?? config['hostname']) === name)!
    }
    const writes = () => cluster.requests.filter(({method}) => method !== 'GET')

    describe('show', () => {
      it('shows flags, numbers and texts as what they are, for both kinds of guests', async () => {
        const vm = (await run(['vm', 'config', 'show', 'db'])).result
        expect(vm).to.include({name: 'db', type: 'qemu'})
        expect(vm.config).to.include({onboot: true, agent: '1'})
        expect(vm.config.memory).to.be.a('number')
        expect(vm.digest).to.match(/^[\da-f]{40}$/)
        expect(vm.config).not.to.have.property('digest')
        const container = (await run(['lxc', 'config', 'show', 'dns'])).result
        expect(container.config).to.include({hostname: 'dns', unprivileged: true})
        expect((await run(['ct', 'config', 'show', 'dns'])).result).to.deep.equal(container)
      })

      it('is shown so beside what the guest is doing, too, and without its secrets', async () => {
        const guests = cluster.simulator.world.store.of('guests')
        const {vmid, config} = guestCalled('db')
        guests.update(vmid, {config: {...config, cipassword: '$5$abc$def'}})
        const {config: read, digest} = (await run(['vm', 'config', 'show', 'db'])).result
        const shown = (await run(['vm', 'show', 'db'])).result
        expect(shown.config).to.deep.equal(read)
        expect(shown.config).to.include({onboot: true, cipassword: '**********'})
        expect(shown.digest).to.equal(digest)
        expect((await cluster.run(['proxmox', 'vm', 'show', 'db'])).stdout).to.match(/^VMID +100\n[^]*^onboot +yes$/m)
      })

      it('is a table of keys and values for people', async () => {
        const {stdout} = await cluster.run(['proxmox', 'vm', 'config', 'show', 'db'])
        expect(stdout)
          .to.match(/^KEY +VALUE\n/)
          .and.match(/^onboot +yes$/m)
        const {stdout: chosen} = await cluster.run([
          'proxmox',
          'vm',
          'config',
          'show',
          'db',
          '--columns',
          'value',
          '--no-header',
        ])
        expect(chosen).to.match(/^order=scsi0$/m)
      })

      it('tells apart what is now, what will be, and what was at a snapshot', async () => {
        const before = (await run(['vm', 'config', 'show', 'db'])).result.config.cores
        await run([
          'api',
          'post',
          `/nodes/${guestCalled('db').node}/qemu/${guestCalled('db').vmid}/snapshot`,
          '-d',
          'snapname=early',
          '--wait',
        ])
        await run(['vm', 'config', 'set', 'db', `cores=${before + 1}`])
        expect((await run(['vm', 'config', 'show', 'db'])).result.config.cores).to.equal(before + 1)
        expect((await run(['vm', 'config', 'show', 'db', '--current'])).result.config.cores).to.equal(before)
        const at = (await run(['vm', 'config', 'show', 'db', '--at', 'early'])).result
        expect(at).to.include({snapshot: 'early'})
        expect(at.config.cores).to.equal(before)
        const {pending} = (await run(['vm', 'config', 'show', 'db', '--pending'])).result
        expect(pending).to.deep.include({key: 'cores', value: before, pending: before + 1, deleted: false})
        expect((await run(['vm', 'config', 'show', 'db', '--at', 'never'])).exitCode).to.equal(5)
        expect((await run(['vm', 'config', 'show', 'db', '--at', 'early', '--current'])).exitCode).to.equal(2)
      })
    })

    describe('set', () => {
      for (const [noun, name, key] of [
        ['vm', 'scratch', 'name'],
        ['lxc', 'playground', 'hostname'],
      ] as const) {
        it(`${noun}: sets and deletes, says what is different, and does nothing twice`, async () => {
          const first = await run([noun, 'config', 'set', name, 'onboot=yes', 'description=one=two', 'cores=3'])
          expect(first.exitCode).to.equal(0)
          expect(first.result).to.include({name, changed: true})
          expect(first.result.changes).to.deep.include({key: 'description', after: 'one=two'})
          const {config} = (await run([noun, 'config', 'show', name])).result
          expect(config).to.include({[key]: name, onboot: true, description: 'one=two', cores: 3})
          const sent = writes().length
          const again = await run([noun, 'config', 'set', name, 'onboot=1', 'cores=3', '--delete', 'searchdomain'])
          expect(again.result).to.deep.include({changed: false, changes: []})
          expect(writes()).to.have.length(sent)
          const gone = await run([noun, 'config', 'set', name, '--delete', 'description,cores'])
          expect(gone.result.changes.map((change: {key: string}) => change.key)).to.deep.equal(['description', 'cores'])
          expect((await run([noun, 'config', 'show', name])).result.config).not.to.have.any.keys('description', 'cores')
        })
      }

      it('reads long texts from a file and from stdin', async () => {
        const file = path.join(folder, 'notes.md')
        fs.writeFileSync(file, '# Notes\n\nfirst & last; 100%\n')
        await run(['vm', 'config', 'set', 'scratch', `description=@${file}`])
        expect(guestCalled('scratch').config['description']).to.equal('# Notes\n\nfirst & last; 100%')
        await run(['vm', 'config', 'set', 'scratch', 'description=@-'], {stdin: 'from stdin\n'})
        expect(guestCalled('scratch').config['description']).to.equal('from stdin')
        const missing = await run(['vm', 'config', 'set', 'scratch', 'description=@/nowhere'])
        expect(missing.exitCode).to.equal(2)
      })

      it('says what waits for a restart, and gives it up again', async () => {
        const {result} = await run(['vm', 'config', 'set', 'db', 'cores=7', 'onboot=no'])
        expect(result).to.include({changed: true})
        expect(result.pendingRestart).to.deep.equal(['cores'])
        const {stdout} = await cluster.run(['proxmox', 'vm', 'config', 'set', 'git', 'cores=7'])
        expect(stdout).to.contain('homelab proxmox vm reboot git')
        const reverted = await run(['vm', 'config', 'set', 'db', '--revert', 'cores,memory'])
        expect(reverted.result.changes.map((change: {key: string}) => change.key)).to.deep.equal(['cores'])
        expect(reverted.result).not.to.have.property('pendingRestart')
        expect(guestCalled('db').pending).to.equal(undefined)
      })

      it('adds a disk in a task, whose UPID --no-wait prints', async () => {
        const {result} = await run(['vm', 'config', 'set', 'scratch', 'scsi3=nas:4'])
        expect(result.task.outcome).to.equal('ok')
        expect(result.changes[0].after).to.match(/^nas:103\/vm-103-disk-\d\.raw,size=4G$/)
        const started = await run(['vm', 'config', 'set', 'scratch', 'scsi4=nas:4', '--no-wait'])
        expect(started.result.upid).to.match(/^UPID:.*:qmconfig:103:/)
      })

      it('destroys a detached disk only when told so', async () => {
        await run(['vm', 'config', 'set', 'scratch', 'scsi3=nas:4'])
        await run(['vm', 'config', 'set', 'scratch', '--delete', 'scsi3'])
        expect(guestCalled('scratch').config).to.have.property('unused0')
        const unanswered = await run(['vm', 'config', 'set', 'scratch', '--delete', 'unused0'])
        expect(unanswered.exitCode).to.equal(2)
        expect(unanswered.result.error.hint).to.contain('--yes')
        expect((await run(['vm', 'config', 'set', 'scratch', '--delete', 'unused0', '--yes'])).exitCode).to.equal(0)
        expect(guestCalled('scratch').config).not.to.have.property('unused0')
      })

      it('works on a selection', async () => {
        const {exitCode, result} = await run(['vm', 'config', 'set', '-l', 'status=running', 'protection=yes'])
        expect(exitCode).to.equal(0)
        expect(result.results.map(({target}: {target: string}) => target)).to.deep.equal(['db', 'git', 'ci'])
        expect(guestCalled('ci').config['protection']).to.equal(1)
      })

      it('plans without changing anything', async () => {
        const {result} = await run(['vm', 'config', 'set', 'scratch', 'cores=9', '--delete', 'onboot', '--dry-run'])
        expect(result).to.include({dryRun: true, vmid: 103})
        expect(result.changes).to.deep.include({key: 'cores', before: 1, after: 9})
        const {stdout} = await cluster.run(['proxmox', 'vm', 'config', 'set', 'scratch', 'cores=9', '-n'])
        expect(stdout).to.match(/- cores: 1\n +\+ cores: 9/)
        expect(writes()).to.deep.equal([])
      })

      for (const [what, words, said] of [
        ['an unknown key, with the one that was meant', ['core=4'], 'cores'],
        ['an index that is too high', ['net32=virtio'], 'net31'],
        ['a number that is none', ['cores=two'], 'number'],
        ['a flag that is none', ['onboot=maybe'], 'onboot=yes'],
        ['an empty value', ['description='], '--delete description'],
        ['a key for two things at once', ['cores=4', '--delete', 'cores'], 'once'],
        ['a password where everybody can read it', ['cipassword=Sesame123'], '--password-stdin'],
        ['nothing at all', [], 'key=value'],
      ] as const) {
        it(`refuses ${what}`, async () => {
          const {exitCode, result, stdout} = await run(['vm', 'config', 'set', 'scratch', ...words])
          expect(exitCode).to.equal(2)
          expect(`${result.error.message} ${result.error.hint}`).to.contain(said)
          expect(stdout).not.to.contain('Sesame123')
          expect(writes()).to.deep.equal([])
        })
      }

      it('passes on what the server refuses, by its field', async () => {
        const {exitCode, result} = await run(['vm', 'config', 'set', 'scratch', 'bios=coreboot'])
        expect(exitCode).to.equal(2)
        expect(result.error.message).to.contain('bios')
      })
    })

    it('lets one of two changes at once win; the other exits 6, says what changed, and loses nothing', async function () {
      this.timeout(60_000)
      const before = guestCalled('db').config
      let read = 0
      let release!: () => void
      const bothHaveRead = new Promise<void>((resolve) => {
        release = resolve
      })
      cluster.meddle = ({method, path: at}) => {
        if (method === 'GET' && /\/qemu\/\d+\/config$/.test(at) && ++read === 2) release()
        return method === 'PUT' ? {holdRequest: () => bothHaveRead} : undefined
      }
      const ends = await Promise.all(
        ['description=mine', 'onboot=no'].map(async (pair) => {
          const {exitCode, stdout} = await runProcess(
            ['proxmox', 'vm', 'config', 'set', 'db', pair, '--json'],
            cluster.env,
          )
          return {exitCode, result: JSON.parse(stdout)}
        }),
      )
      expect(ends.map(({exitCode}) => exitCode).sort()).to.deep.equal([0, 6])
      const winner = ends.find(({exitCode}) => exitCode === 0)!.result
      const loser = ends.find(({exitCode}) => exitCode === 6)!.result
      expect(winner.changed).to.equal(true)
      expect(loser.error).to.include({code: 'digest-changed', exitCode: 6})
      expect(loser.error.message).to.contain(winner.changes[0].key)
      expect(loser.error.details.changedMeanwhile).to.deep.equal(winner.changes)
      expect(loser.error.details.wanted[0].key).not.to.equal(winner.changes[0].key)
      const now = guestCalled('db').config
      const changed = Object.keys({...before, ...now}).filter((key) => before[key] !== now[key])
      expect(changed).to.deep.equal([winner.changes[0].key])
    })

    for (const method of ['GET', 'PUT']) {
      it(`follows a guest that moves before the ${method} arrives`, async () => {
        const guests = cluster.simulator.world.store.of('guests')
        cluster.meddle = (request) => {
          if (
            request.method === method &&
            /\/qemu\/103\/config$/.test(request.path) &&
            guests.get(103)!.node === 'pve2'
          )
            guests.update(103, {node: 'pve1'})
          return undefined
        }
        const {exitCode, result} = await run(['vm', 'config', 'set', 'scratch', 'cores=5'])
        expect(exitCode).to.equal(0)
        expect(result).to.include({changed: true, node: 'pve1'})
        expect(guests.get(103)!.config['cores']).to.equal(5)
      })
    }

    it('refuses to change a locked guest', async () => {
      const guests = cluster.simulator.world.store.of('guests')
      guests.update(103, {config: {...guests.get(103)!.config, lock: 'backup'}})
      const {exitCode, result} = await run(['vm', 'config', 'set', 'scratch', 'cores=5'])
      expect(exitCode).to.equal(6)
      expect(result.error.code).to.equal('locked')
    })

    it('finds out whether it was done when the answer got lost', async () => {
      cluster.meddle = ({method}) => (method === 'PUT' ? {drop: 'after'} : undefined)
      const done = await run(['vm', 'config', 'set', 'scratch', 'cores=5'])
      expect(done.exitCode).to.equal(0)
      expect(done.result).to.include({changed: true})
      cluster.meddle = ({method}) => (method === 'PUT' ? {drop: 'before'} : undefined)
      const undone = await run(['vm', 'config', 'set', 'scratch', 'cores=6'])
      expect(undone.exitCode).to.equal(12)
      expect(guestCalled('scratch').config['cores']).to.equal(5)
    })
  })
}
