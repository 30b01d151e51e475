import {expect} from 'chai'

import {startCluster, type TestCluster} from '../helpers/cluster.js'

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`backups (${pveVersion})`, () => {
    let cluster: TestCluster

    before(async () => {
      cluster = await startCluster({pveVersion})
    })

    beforeEach(async () => {
      await cluster.simulator.reset()
      addBackupServer()
      cluster.requests.length = 0
    })

    after(() => cluster.stop())

    const stores = () => cluster.simulator.world.store
    const run = async (...argv: string[]) => {
      const env = {HOMELAB_POLL_INTERVAL: '20ms'}
      const {json, exitCode, stderr, stdout} = await cluster.run(['proxmox', ...argv, '--json'], {env})
      return {exitCode, result: json(), stderr, stdout}
    }
    const backup = (...argv: string[]) => run('backup', ...argv)
    const made = async (...argv: string[]) => {
      const {exitCode, result} = await backup('run', ...argv)
      expect(exitCode).to.equal(0)
      return result
    }
    const config = (vmid: number) => stores().of('guests').get(vmid)!.config
    const option = (vmid: number, options: object) =>
      stores()
        .of('guests')
        .update(vmid, {config: {...config(vmid), ...options} as never})
    const onlyGets = () => cluster.requests.every(({method}) => method === 'GET')
    const addBackupServer = () => {
      const storages = stores().of('storages')
      storages.put('pbs', {
        ...storages.get('nas')!,
        storage: 'pbs',
        type: 'pbs',
        config: {storage: 'pbs', type: 'pbs', content: 'backup', server: '192.0.2.9', datastore: 'main', shared: 1},
      } as never)
    }

    it('backs up guests of both kinds on their nodes, with notes and protection', async () => {
      const {results, summary} = await made(
        'git',
        'dns',
        'ci',
        '--storage',
        'local',
        '--protected',
        '--notes',
        '{{vmid}}\nx',
      )
      expect(summary).to.deep.equal({ok: 3, failed: 0})
      expect(results.map(({node, target}: {node: string; target: string}) => [target, node])).to.deep.equal([
        ['git', 'pve2'],
        ['dns', 'pve1'],
        ['ci', 'pve3'],
      ])
      const {result} = await backup('show', 'dns@latest')
      expect(result).to.include({vmid: 200, type: 'lxc', guest: 'dns', protected: true, notes: '200\nx', shared: false})
      expect(result.volume).to.equal(results[1].volume)
      expect(result.time).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    })

    it('saves only where the storage is, and says where each would go', async () => {
      const {exitCode, result} = await backup('run', '--all', '--storage', 'nas', '--dry-run')
      expect(exitCode).to.equal(9)
      expect(result.summary).to.deep.equal({ok: 5, failed: 2})
      expect(result.results[0]).to.include({dryRun: true, target: 'db', storage: 'nas', node: 'pve1'})
      expect(onlyGets()).to.equal(true)
      expect((await backup('run', 'git', '--notes', '{{nonsense}}')).exitCode).to.equal(2)
      expect((await backup('run', 'nobody')).exitCode).to.equal(5)
      expect((await backup('run', '-l', 'tag=nothing', '--storage', 'nas')).stderr).to.equal('no guests found\n')
    })

    it('does not take a storage that is disabled for one that does not exist', async () => {
      const storages = stores().of('storages')
      const nas = storages.get('nas')!
      storages.put('nas', {...nas, config: {...nas.config, disable: 1}})
      const {exitCode, result} = await backup('run', 'db', '--storage', 'nas')
      const listed = await backup('list', '--storage', 'nas')
      storages.put('nas', nas)
      expect(exitCode).to.equal(8)
      expect(result.error.message).to.equal('storage "nas" is disabled')
      expect(result.error.hint).to.contain('homelab proxmox storage enable nas')
      expect(listed.result.error.message).to.contain('or it is disabled')
    })

    it('lists every storage once, by guest, age, kind and place', async () => {
      await made('git', 'proxy', '--storage', 'nas')
      await made('git', '--storage', 'pbs')
      await made('ci', '--storage', 'local')
      const {result} = await backup('list')
      expect(result.length).to.equal(4)
      const asked = cluster.requests.filter(({method, path}) => method === 'GET' && /storage\/nas\/content/.test(path))
      expect(new Set(asked.map(({path}) => path.split('/')[2])).size).to.be.at.most(2)
      const volume = [...stores().of('volumes').values()].find(({storage}) => storage === 'pbs')
      stores()
        .of('volumes')
        .update(`/${volume!.volid}`, {verification: 'failed', encrypted: 'AA:BB', ctime: volume!.ctime - 864_000})
      const [old] = (await backup('list', 'git', '--older-than', '5d')).result
      expect(old).to.include({storage: 'pbs', verified: false, encrypted: true, format: 'pbs-vm'})
      expect(
        (await backup('list', '201', '--storage', 'nas')).result.map(({vmid}: {vmid: number}) => vmid),
      ).to.deep.equal([201])
      expect((await backup('list', '--node', 'pve3', '--storage', 'local')).result).to.have.length(1)
      expect((await backup('list', '-l', 'tag=infra', '--type', 'lxc')).result).to.have.length(1)
      const {stdout} = await cluster.run(['proxmox', 'backup', 'list', '201', '-o', 'name'])
      expect(stdout).to.match(/^nas:backup\/vzdump-lxc-201-/)
      expect((await backup('list', 'nobody')).exitCode).to.equal(5)
      expect((await backup('list', '--storage', 'local-lvm')).exitCode).to.equal(8)
    })

    it('shows configurations and files, and changes notes and protection', async () => {
      await made('git', '--storage', 'nas')
      await made('dns', '--storage', 'pbs')
      option(101, {cipassword: '$5$secret'})
      await made('git', '--storage', 'nas')
      const saved = await backup('config', 'git@latest')
      expect(saved.result.config).to.include({name: 'git', memory: '4096'})
      expect(saved.stdout).not.to.contain('$5$secret')
      expect((await cluster.run(['proxmox', 'backup', 'config', 'git@latest'])).stdout).not.to.contain('$5$secret')
      expect((await backup('files', 'git@latest')).exitCode).to.equal(8)
      const [archive] = (await backup('files', 'dns@latest')).result
      expect(archive).to.include({name: 'root.pxar.didx', kind: 'volume'})
      expect((await backup('notes', 'git@oldest', 'one\ntwo')).result).to.include({notes: 'one\ntwo', changed: true})
      expect((await backup('notes', 'git@oldest', 'one\ntwo')).result).to.include({changed: false})
      expect((await backup('protect', 'git@oldest')).result).to.include({protected: true, changed: true})
      expect((await backup('delete', 'git@oldest', 'git@latest', '--yes')).exitCode).to.equal(8)
      expect((await backup('list', 'git')).result).to.have.length(2)
      expect((await backup('protect', 'git@oldest', '--off')).result).to.include({protected: false})
      expect((await backup('delete', 'git@oldest')).exitCode).to.equal(2)
      expect((await backup('delete', 'git@oldest', '--yes')).result).to.include({deleted: true})
      expect((await backup('delete', 'git@oldest', 'dns@latest', '--yes')).result.summary).to.deep.equal({
        ok: 2,
        failed: 0,
      })
      expect((await backup('show', 'git@latest')).exitCode).to.equal(5)
    })

    it('prunes what the rules say, guest by guest, and leaves protected ones', async () => {
      for (let round = 0; round < 3; round++) await made('git', 'proxy', '--storage', 'nas')
      await backup('protect', 'git@oldest')
      cluster.requests.length = 0
      const plan = await backup('prune', 'git', '--storage', 'nas', '--keep-last', '1', '--dry-run')
      expect(onlyGets()).to.equal(true)
      expect(plan.result[0].backups.map(({mark}: {mark: string}) => mark)).to.deep.equal([
        'keep',
        'remove',
        'protected',
      ])
      expect((await backup('prune', 'git', '--storage', 'nas', '--keep-last', '1')).exitCode).to.equal(2)
      const pruned = await backup('prune', 'git', '--storage', 'nas', '--keep-last', '1', '--yes')
      expect(pruned.result.results[0]).to.include({ok: true, removed: 1, vmid: 101})
      expect((await backup('list', 'git')).result).to.have.length(2)
      expect((await backup('list', 'proxy')).result).to.have.length(3)
      expect((await backup('prune', '--all', '--storage', 'nas', '--yes')).exitCode).to.equal(2)
      expect((await backup('prune', '--keep-last', '1')).exitCode).to.equal(2)
      for (const last of ['--dry-run', '--yes']) {
        const kept = await cluster.run(['proxmox', 'backup', 'prune', 'git', '--keep-last', '0', last])
        expect(kept.stderr).to.equal('these rules keep every backup\n')
      }
    })

    it('removes nothing where the server would prune otherwise than the rules say', async () => {
      for (let round = 0; round < 3; round++) await made('git', '--storage', 'nas')
      const volumes = [...stores().of('volumes').values()].filter(({content}) => content === 'backup')
      const marks = volumes.map(({ctime, volid}) => ({volid, ctime, vmid: 101, type: 'qemu', mark: 'remove'}))
      cluster.meddle = ({method, path}) =>
        method === 'GET' && path.endsWith('/prunebackups')
          ? {
              answer: {
                status: 200,
                reason: 'OK',
                contentType: 'application/json;charset=UTF-8',
                body: JSON.stringify({data: marks}),
              },
            }
          : undefined
      const {exitCode, result} = await backup('prune', 'git', '--storage', 'nas', '--keep-last', '2', '--yes')
      cluster.meddle = undefined
      expect(exitCode).to.equal(8)
      expect(result.error.details.reason).to.equal('retention-differs')
      expect((await backup('list', 'git')).result).to.have.length(3)
    })

    it('restores a container beside the original without touching anything of it', async () => {
      option(201, {
        mp0: 'nas:201/vm-201-disk-0.raw,mp=/data,backup=1,size=8G',
        mp1: '/srv/production,mp=/srv',
        net1: 'name=eth1,bridge=vmbr0,hwaddr=BC:24:11:00:09:09,ip=192.0.2.9/24,gw=192.0.2.1,tag=20,type=veth',
      })
      const volume = (await made('proxy', '--storage', 'nas')).volume
      const before = JSON.stringify(stores().of('guests').get(201))
      const {exitCode, result} = await backup('restore', volume, '--as', 'proxy-test', '--start')
      expect(exitCode).to.equal(0)
      expect(result).to.deep.include({
        name: 'proxy-test',
        kind: 'copy',
        status: 'running',
        unpluggedNics: ['net0', 'net1'],
        leftOutMounts: [{key: 'mp1', source: '/srv/production', path: '/srv'}],
      })
      expect(JSON.stringify(stores().of('guests').get(201))).to.equal(before)
      const copy = config(result.vmid)
      expect(copy['mp1']).to.equal(undefined)
      expect(copy).to.include({hostname: 'proxy-test', onboot: 0, unprivileged: 1})
      for (const key of ['net0', 'net1']) {
        expect(copy[key]).to.match(/link_down=1/)
        expect(copy[key]).not.to.match(/BC:24:11:00:(?:02:01|09:09)/i)
      }

      // Not the server's own default, which is the storage "local".
      expect(copy['rootfs']).to.match(/^nas:/)
      expect(copy['mp0']).to.match(/^nas:.*mp=\/data/)
      const kept = await backup('restore', volume, '--as', 'kept', '--keep-mounts', '--keep-network')
      expect(kept.exitCode).to.equal(4)
      expect(kept.result.error.hint).to.contain('--no-keep-mounts')
    })

    it('restores with other hardware, on other storage and another bridge', async () => {
      const {volume} = await made('git', '--storage', 'nas')
      const argv = ['--storage', 'local-lvm', '--bridge', 'vmbr0', '--memory', '1GiB', '--cores', '1', '--tag', 'test']
      const {result} = await backup('restore', volume, '--as', 'small', ...argv, '--set', 'description=a test')
      expect(config(result.vmid)).to.include({
        name: 'small',
        memory: '1024',
        cores: 1,
        tags: 'test',
        description: 'a test',
      })
      expect(config(result.vmid)['scsi0']).to.match(/^local-lvm:/)
      expect(config(result.vmid)['net0']).not.to.match(/link_down|BC:24:11:00:01:01/)
      cluster.requests.length = 0
      expect((await backup('restore', volume, '--as', 'x', '--set', 'scsi0=nas:1')).exitCode).to.equal(2)
      expect((await backup('restore', volume)).exitCode).to.equal(2)
      expect((await backup('restore', volume, '--vmid', '103')).exitCode).to.equal(6)
      expect((await backup('restore', volume, '--as', 'x', '--live')).exitCode).to.equal(8)
      expect((await backup('restore', volume, '--as', 'x', '--node', 'pve3')).exitCode).to.equal(8)
      expect(onlyGets()).to.equal(true)
    })

    it('overwrites a guest in its place, after a backup of what is there', async () => {
      const {volume} = await made('git', '--storage', 'nas')
      option(101, {memory: '512'})
      cluster.requests.length = 0
      expect((await backup('restore', volume, '--in-place', '--yes')).exitCode).to.equal(6)
      expect((await backup('restore', volume, '--in-place', '--stop')).exitCode).to.equal(2)
      expect(onlyGets()).to.equal(true)
      const {exitCode, result} = await backup('restore', volume, '--in-place', '--stop', '--yes')
      expect(exitCode).to.equal(0)
      expect(result).to.include({vmid: 101, kind: 'in-place', status: 'running'})
      expect(config(101)).to.include({memory: '4096', net0: 'virtio=BC:24:11:00:01:01,bridge=vmbr0'})
      const safety = await backup('config', result.safetyCopy.volume)
      expect(safety.result.config.memory).to.equal('512')
    })

    it('does nothing in place when what is there cannot be saved', async () => {
      const {volume} = await made('git', '--storage', 'nas')
      option(101, {memory: '512'})
      await cluster.simulator.faults.add({kind: 'task-fail', type: 'vzdump', text: 'no luck'})
      const {exitCode, result} = await backup('restore', volume, '--in-place', '--stop', '--yes')
      expect(exitCode).to.equal(7)
      expect(result.error.message).to.contain('nothing was restored').and.to.contain('runs again')
      expect(stores().of('guests').get(101)?.run).not.to.equal(undefined)
      expect(config(101)).to.include({memory: '512'})
    })

    it('lets a deleted guest come back as it was, found by its name in the notes', async () => {
      await made('scratch', '--storage', 'nas')
      await run('vm', 'delete', 'scratch', '--yes')
      const {exitCode, result} = await backup('restore', 'scratch@latest', '--vmid', '103')
      expect(exitCode).to.equal(0)
      expect(result).to.include({vmid: 103, kind: 'return', name: 'scratch'})
      expect(config(103)['net0']).to.equal('virtio=BC:24:11:00:01:03,bridge=vmbr0')
    })

    it('says what a failed restore left behind', async () => {
      const {volume} = await made('scratch', '--storage', 'nas')
      await cluster.simulator.faults.add({kind: 'task-fail', type: 'qmrestore', text: 'no luck'})
      const {exitCode, result} = await backup('restore', volume, '--as', 'broken')
      expect(exitCode).to.equal(7)
      expect(result.error.details).to.include({leftBehind: true})
      expect(result.error.hint).to.contain(`homelab proxmox vm delete ${result.error.details.vmid} --yes`)
    })

    it('restores from a backup server, also while the VM runs', async () => {
      const {volume} = await made('scratch', '--storage', 'pbs')
      const {exitCode, result} = await backup('restore', volume, '--as', 'quick', '--live', '--bandwidth', '100MiB')
      expect(exitCode).to.equal(0)
      expect(result).to.include({status: 'running', kind: 'copy'})
    })
  })
}
