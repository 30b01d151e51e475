import {expect} from 'chai'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {startCluster, type TestCluster} from '../helpers/cluster.js'

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`config edit and diff, Proxmox VE ${pveVersion}`, () => {
    let cluster: TestCluster
    let folder: string

    beforeEach(async () => {
      cluster = await startCluster({pveVersion})
      folder = fs.mkdtempSync(path.join(os.tmpdir(), 'homelab-edit-'))
    })

    afterEach(async () => {
      await cluster.stop()
      fs.rmSync(folder, {recursive: true})
    })

    /** An editor that runs these lines of shell with the file as $1. */
    const editor = (lines: string) => {
      const file = path.join(folder, 'my editor')
      fs.writeFileSync(file, `#!/bin/sh\n${lines}\n`, {mode: 0o755})
      return {EDITOR: `'${file}'`, TMPDIR: folder}
    }
    const run = async (argv: readonly string[], env: Record<string, string> = {}) => {
      const {json, ...rest} = await cluster.run(['proxmox', ...argv, '--json'], {env})
      return {...rest, result: json()}
    }
    const writes = () => cluster.requests.filter(({method}) => method !== 'GET')
    const leftOver = () =>
      fs.readdirSync(folder).filter((name) => name.startsWith('homelab-') && !name.startsWith('homelab-test-'))

    describe('edit', () => {
      for (const [noun, name] of [
        ['vm', 'scratch'],
        ['lxc', 'playground'],
      ] as const) {
        it(`${noun}: sends what is different, and nothing else`, async () => {
          await run([noun, 'config', 'set', name, 'description=one', 'onboot=yes'])
          const env = editor(
            `cp "$1" "${folder}/seen"; ls -l "$1" > "${folder}/mode"; sed -i -e 's/^cores: .*/cores: 3/' -e '/^onboot:/d' -e 's/^description: .*/description:\\n  two\\n  lines/' "$1"`,
          )
          const {exitCode, result} = await run([noun, 'config', 'edit', name, '--yes'], env)
          expect(exitCode).to.equal(0)
          expect(result.changes.map(({key}: {key: string}) => key)).to.deep.equal(['cores', 'description', 'onboot'])
          const {config} = (await run([noun, 'config', 'show', name])).result
          expect(config).to.include({cores: 3, description: 'two\nlines'}).and.not.have.property('onboot')
          expect(fs.readFileSync(path.join(folder, 'seen'), 'utf8'))
            .to.match(/^# Configuration of .*\n/)
            .and.match(/^memory: \d+$/m)
          expect(fs.readFileSync(path.join(folder, 'mode'), 'utf8')).to.match(/^-rw------- /)
          expect(leftOver()).to.deep.equal([])
        })
      }

      it('does nothing when the text stays, or means the same', async () => {
        const {result} = await run(['vm', 'config', 'edit', 'scratch'], editor('true'))
        expect(result).to.include({changed: false})
        expect((await run(['vm', 'config', 'edit', 'scratch'], editor('echo "# note" >> "$1"'))).result).to.include({
          changed: false,
        })
        expect(writes()).to.deep.equal([])
        expect(leftOver()).to.deep.equal([])
      })

      it('does nothing when the editor fails or is not there', async () => {
        const failed = await run(['vm', 'config', 'edit', 'scratch', '--yes'], editor('echo cores: 9 > "$1"; exit 3'))
        expect(failed.exitCode).to.equal(8)
        expect(failed.result.error.message).to.contain('exit code 3')
        const missing = await run(['vm', 'config', 'edit', 'scratch', '--yes'], {EDITOR: '/nowhere/vi'})
        expect(missing.exitCode).to.equal(2)
        const none = await run(['vm', 'config', 'edit', 'scratch', '--yes'], {EDITOR: '', VISUAL: ''})
        expect(none.exitCode).to.equal(2)
        expect(none.result.error.hint).to.contain('EDITOR')
        expect(writes()).to.deep.equal([])
      })

      it('shows the difference, asks, and keeps the text when nobody can answer', async () => {
        const {exitCode, result, stderr} = await run(
          ['vm', 'config', 'edit', 'scratch'],
          editor(`sed -i 's/^cores: .*/cores: 3/' "$1"`),
        )
        expect(exitCode).to.equal(2)
        expect(stderr).to.contain('- cores: 1\n').and.contain('+ cores: 3\n')
        expect(result.error.hint).to.contain('--yes').and.contain(result.error.details.editedFile)
        expect(fs.readFileSync(result.error.details.editedFile, 'utf8')).to.contain('cores: 3')
        expect(writes()).to.deep.equal([])
      })

      it('keeps the text when a line is wrong, or a key unknown', async () => {
        const wrong = await run(['vm', 'config', 'edit', 'scratch', '--yes'], editor('echo oops >> "$1"'))
        expect(wrong.exitCode).to.equal(2)
        expect(fs.existsSync(wrong.result.error.details.editedFile)).to.equal(true)
        const unknown = await run(['vm', 'config', 'edit', 'scratch', '--yes'], editor('echo "core: 2" >> "$1"'))
        expect(unknown.result.error.hint).to.contain('cores').and.contain(unknown.result.error.details.editedFile)
        expect(writes()).to.deep.equal([])
      })

      it('keeps the text when the configuration was changed meanwhile, and overwrites nothing', async () => {
        const guests = cluster.simulator.world.store.of('guests')
        cluster.meddle = ({method}) => {
          if (method === 'PUT') guests.update(103, {config: {...guests.get(103)!.config, onboot: 0}})
          return undefined
        }
        const {exitCode, result} = await run(
          ['vm', 'config', 'edit', 'scratch', '--yes'],
          editor(`sed -i 's/^cores: .*/cores: 3/' "$1"`),
        )
        expect(exitCode).to.equal(6)
        expect(result.error.code).to.equal('digest-changed')
        expect(result.error.details.changedMeanwhile).to.deep.equal([{key: 'onboot', before: true, after: false}])
        expect(fs.readFileSync(result.error.details.editedFile, 'utf8')).to.contain('cores: 3')
        expect(guests.get(103)!.config['cores']).to.equal(1)
      })

      it('never sends a password that it does not know', async () => {
        await cluster.run(['proxmox', 'vm', 'cloudinit', 'set', 'scratch', '--password-stdin'], {stdin: 'Sesame1\n'})
        const before = cluster.simulator.world.store.of('guests').get(103)!.config['cipassword']
        await run(['vm', 'config', 'edit', 'scratch', '--yes'], editor(`sed -i 's/^cores: .*/cores: 3/' "$1"`))
        const after = cluster.simulator.world.store.of('guests').get(103)!.config
        expect(after).to.include({cores: 3, cipassword: before})
      })
    })

    describe('diff', () => {
      it('compares two guests without what always differs', async () => {
        const differ = await run(['vm', 'config', 'diff', 'db', 'scratch'])
        expect(differ.exitCode).to.equal(1)
        expect(differ.result).to.include({same: false})
        const keys = differ.result.differences.map(({key}: {key: string}) => key)
        expect(keys).to.include('memory')
        for (const key of ['name', 'net0', 'smbios1', 'meta']) expect(keys).not.to.include(key)
        const all = await run(['vm', 'config', 'diff', 'db', 'scratch', '--all-keys'])
        expect(all.result.differences.map(({key}: {key: string}) => key)).to.include.members([
          'name',
          'net0',
          'smbios1',
        ])
        const self = await cluster.run(['proxmox', 'vm', 'config', 'diff', 'db', '100'])
        expect(self).to.include({exitCode: 0, stdout: ''})
      })

      it('compares a guest with itself at a snapshot and after a restart', async () => {
        await run(['api', 'post', '/nodes/pve1/qemu/100/snapshot', '-d', 'snapname=early', '--wait'])
        await run(['vm', 'config', 'set', 'db', 'cores=7', 'description=new'])
        const at = await cluster.run(['proxmox', 'vm', 'config', 'diff', 'db', '--at', 'early'])
        expect(at.exitCode).to.equal(1)
        expect(at.stdout).to.match(/^--- db \(VM 100\) at early\n\+\+\+ db \(VM 100\) now\n/)
        expect(at.stdout).to.contain('+ cores: 7\n').and.contain('+ description: new\n')
        const pending = await run(['vm', 'config', 'diff', 'db', '--pending'])
        expect(pending.result.differences.map(({key}: {key: string}) => key)).to.deep.equal(['cores'])
        expect(pending.result.right).to.include({pending: true})
        expect((await run(['vm', 'config', 'diff', 'git', '--pending'])).exitCode).to.equal(0)
      })

      for (const words of [['db'], ['db', 'git', '--pending'], ['db', '--pending', '--at', 'x']]) {
        it(`refuses: ${words.join(' ')}`, async () => {
          expect((await run(['vm', 'config', 'diff', ...words])).exitCode).to.equal(2)
        })
      }
    })
  })
}
