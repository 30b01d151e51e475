import {expect} from 'chai'

import {startCluster, type TestCluster} from '../helpers/cluster.js'

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`cloning guests (${pveVersion})`, () => {
    let cluster: TestCluster

    beforeEach(async () => {
      cluster = await startCluster({pveVersion})
    })

    afterEach(() => cluster.stop())

    const run = async (...argv: string[]) => {
      const {json, exitCode, stderr} = await cluster.run(['proxmox', ...argv, '--json'])
      return {exitCode, result: json(), stderr}
    }
    const sent = () => cluster.requests.filter(({method}) => method !== 'GET')
    const refused = async (code: string, ...argv: string[]) => {
      const {exitCode, result} = await run(...argv)
      expect(result.error?.code, JSON.stringify(result)).to.equal(code)
      expect(result.error.hint).to.be.a('string')
      expect(sent()).to.deep.equal([])
      return {exitCode, error: result.error}
    }

    for (const [noun, source, node] of [
      ['vm', 'db', 'pve1'],
      ['lxc', 'playground', 'pve3'],
    ] as const) {
      it(`${noun}: copies a guest that is no template`, async () => {
        const {exitCode, result} = await run(noun, 'clone', source, 'copy', '--description', 'for tests')
        expect(exitCode, JSON.stringify(result)).to.equal(0)
        expect(result).to.deep.include({name: 'copy', node, status: 'stopped', linked: false})
        expect(result.source).to.include({kind: 'guest', name: source, node})
        expect(result.task).to.include({outcome: 'ok'})
        const shown = (await run(noun, 'show', String(result.vmid))).result
        expect(shown.name).to.equal('copy')
        expect(shown.config.description.trim()).to.equal('for tests')
      })

      it(`${noun}: makes a linked clone of a template, and of nothing else`, async () => {
        const {error} = await refused('refused', noun, 'clone', source, 'copy', '--linked')
        expect(error.hint).to.contain(`homelab proxmox ${noun} template`)
        await run(noun, 'stop', source)
        const template = await run(noun, 'template', source, '--yes')
        expect(template.exitCode, JSON.stringify(template.result)).to.equal(0)
        const {result} = await run(noun, 'clone', source, 'thin', '--linked')
        expect(result, JSON.stringify(result)).to.deep.include({name: 'thin', linked: true})
        expect(result.source.kind).to.equal('template')
      })
    }

    it('clones from a snapshot, also of a running container', async () => {
      const {error} = await refused('conflict', 'lxc', 'clone', 'proxy', 'copy')
      expect(error.hint).to.contain('--snapshot')
      const missing = await refused('not-found', 'lxc', 'clone', 'dns', 'copy', '--snapshot', 'before')
      expect(missing.error.message).to.contain('has no snapshot "before"')
      await run('api', 'post', '/nodes/pve1/lxc/200/snapshot', '-d', 'snapname=before', '--wait')
      const {exitCode, result} = await run('lxc', 'clone', 'dns', 'copy', '--snapshot', 'before')
      expect(exitCode, JSON.stringify(result)).to.equal(0)
      expect(result.source.snapshot).to.equal('before')
    })

    it('clones to another node from shared storage, and refuses what the server would', async () => {
      const away = await run('vm', 'clone', 'git', 'copy', '--target', 'pve1')
      expect(away.result, JSON.stringify(away.result)).to.deep.include({node: 'pve1'})
      await run('lxc', 'stop', 'dns')
      const moved = await run('lxc', 'clone', 'dns', 'moved', '--target', 'pve2', '--storage', 'nas')
      expect(moved.result, JSON.stringify(moved.result)).to.deep.include({node: 'pve2'})
      cluster.requests.length = 0
      const local = await refused('refused', 'vm', 'clone', 'db', 'copy', '--target', 'pve2', '--storage', 'nas')
      expect(local.exitCode).to.equal(8)
      expect(local.error.message).to.contain('local-lvm, local to pve1')
      await refused('refused', 'lxc', 'clone', 'dns', 'copy', '--target', 'pve2')
      await refused('refused', 'vm', 'clone', 'git', 'copy', '--target', 'pve3')
      await refused('refused', 'vm', 'clone', 'git', 'copy', '--target', 'pve1', '--storage', 'local-lvm')
      await refused('refused', 'vm', 'clone', 'db', 'copy', '--storage', 'local')
      const typo = await refused('not-found', 'vm', 'clone', 'git', 'copy', '--target', 'pve7')
      expect(typo.error.hint).to.contain('pve1')
      await refused('vmid-conflict', 'vm', 'clone', 'git', 'copy', '--vmid', '200')
      await refused('usage', 'vm', 'clone', 'git', 'a copy')
      await refused('not-found', 'vm', 'clone', 'gti', 'copy')
    })

    it('finds the best node itself, and keeps to the constraints of all new guests', async () => {
      const auto = await run('vm', 'clone', 'git', 'copy', '--target', 'auto', '--dry-run')
      expect(auto.result.node).to.be.oneOf(['pve1', 'pve2'])
      expect(auto.result.placement.node).to.equal(auto.result.node)
      expect(auto.result.placement.rejected.map(({node}: {node: string}) => node)).to.deep.equal(['pve3'])
      const stays = await run('vm', 'clone', 'git', 'copy', '--dry-run')
      expect(stays.result.placement).to.deep.equal({node: 'pve2', reason: 'where the source is', rejected: []})
      const local = await run('vm', 'clone', 'db', 'copy', '--target', 'auto', '--dry-run')
      expect(local.result.node).to.equal('pve1')
      const full = await refused('no-capacity', 'vm', 'clone', 'git', 'copy', '--memory-ceiling', '10')
      expect(full.error.message).to.contain('of memory left below 10%')
    })

    it('waits for another clone of the same container', async function () {
      this.timeout(20_000)
      await run('lxc', 'stop', 'proxy')
      const clones = await Promise.all(['one', 'two', 'three'].map((name) => servicesClone(name)))
      expect(clones.map((clone) => clone.isOk() || clone._unsafeUnwrapErr())).to.deep.equal([true, true, true])
      const names = (await run('lxc', 'list', '-l', 'name~^(one|two|three)$')).result
      expect(names).to.have.length(3)
      // Somebody was refused and came back.
      expect(sent().filter(({path}) => path.endsWith('/201/clone')).length).to.be.above(3)
    })

    const servicesClone = async (name: string) => {
      const {guestCloneService} = await import('../../src/cli/wiring/clone.js')
      const {servicesFor} = await import('../helpers/cluster.js')
      const service = guestCloneService(servicesFor(cluster))
      return service.clone(
        {type: 'lxc', source: 'proxy', name, linked: false},
        {deadline: Date.now() + 15_000, pollIntervalMs: 20},
      )
    }

    it('finds its task when the answer is lost', async () => {
      await run('lxc', 'stop', 'dns')
      for (const [noun, source] of [
        ['vm', 'scratch'],
        ['lxc', 'dns'],
      ] as const) {
        let lost = 0
        cluster.meddle = ({method, path}) =>
          method === 'POST' && path.endsWith('/clone') && lost++ === 0 ? {drop: 'after'} : undefined
        cluster.requests.length = 0
        const {exitCode, result} = await run(noun, 'clone', source, 'copy')
        expect(exitCode, JSON.stringify(result)).to.equal(0)
        expect(sent().filter(({path}) => path.endsWith('/clone'))).to.have.length(1)
      }
    })

    it('plans, prints lines for qm and pct, and begins without waiting', async () => {
      const plan = await run('vm', 'clone', 'git', 'copy', '--target', 'pve1', '--dry-run')
      expect(plan.result).to.deep.include({dryRun: true, vmid: 104, node: 'pve1', linked: false})
      const native = await cluster.run([
        'proxmox',
        'lxc',
        'clone',
        'playground',
        'copy',
        '--print-native',
        '--vmid',
        '300',
      ])
      expect(native.stdout).to.equal('# on pve3\npct clone 202 300 --hostname copy --full 1\n')
      expect(sent()).to.deep.equal([])
      const begun = await cluster.run(['proxmox', 'vm', 'clone', 'git', 'copy', '--no-wait'])
      expect(begun.stdout).to.match(/^UPID:pve2:[^\n]*:qmclone:101:/)
    })
  })
}
