import {expect} from 'chai'

import {startCluster, type TestCluster} from '../helpers/cluster.js'

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`deleting guests (${pveVersion})`, () => {
    let cluster: TestCluster

    beforeEach(async () => {
      cluster = await startCluster({pveVersion})
    })

    afterEach(() => cluster.stop())

    const run = async (...argv: string[]) => {
      const {json, exitCode, stderr} = await cluster.run(['proxmox', ...argv, '--json'])
      return {exitCode, result: json(), stderr}
    }
    const stores = () => cluster.simulator.world.store
    const option = (vmid: number, options: object) => {
      const guests = stores().of('guests')
      guests.update(vmid, {config: {...guests.get(vmid)!.config, ...options}})
    }
    const onlyGets = () => cluster.requests.every(({method}) => method === 'GET')

    it('refuses a protected, a locked, a running and a replicated one before anything is sent', async () => {
      option(103, {protection: 1})
      const guarded = await run('vm', 'delete', 'scratch', '--yes', '--force')
      expect(guarded.exitCode).to.equal(8)
      expect(guarded.result.error).to.include({code: 'protected'})
      expect(guarded.result.error.hint).to.contain('protection=0')
      option(202, {lock: 'disk'})
      expect(await run('lxc', 'delete', 'playground', '--yes')).to.include({exitCode: 6})
      expect((await run('vm', 'delete', 'db', '--yes')).result.error).to.include({code: 'conflict'})
      stores()
        .of('replication')
        .put('201-0', {id: '201-0', guest: 201, target: 'pve1', type: 'local'} as never)
      const replicated = await run('lxc', 'delete', 'proxy', '--yes', '--force')
      expect(replicated).to.include({exitCode: 8})
      expect(replicated.result.error.message).to.contain('201-0')
      expect(onlyGets()).to.equal(true)
      expect((await run('lxc', 'delete', 'proxy', '--yes', '--force', '--purge')).exitCode).to.equal(0)
      expect(stores().of('replication').has('201-0')).to.equal(false)
    })

    it('refuses a guest under HA without --purge, and takes it out of HA with it', async () => {
      await run('api', 'post', '/cluster/ha/resources', '-d', 'sid=vm:103', '-d', 'state=stopped')
      const before = cluster.requests.length
      const refused = await run('vm', 'delete', 'scratch', '--yes')
      expect(refused.exitCode).to.equal(8)
      expect(refused.result.error.details).to.include({reason: 'used-by-ha'})
      expect(cluster.requests.slice(before).every(({method}) => method === 'GET')).to.equal(true)
      expect((await run('vm', 'delete', 'scratch', '--yes', '--purge')).exitCode).to.equal(0)
      expect((await run('api', 'get', '/cluster/ha/resources')).result).to.deep.equal([])
    })

    it('names the linked clones of a template that is to go', async () => {
      const made = (await run('vm', 'create', 'thin', 'ubuntu-22.04', '--linked')).result
      cluster.requests.length = 0
      const {exitCode, result} = await run('vm', 'delete', 'ubuntu-22.04', '--yes')
      expect(exitCode).to.equal(8)
      expect(result.error.message).to.contain(`thin (VM ${made.vmid})`)
      expect(result.error.details.linkedClones).to.deep.equal([{vmid: made.vmid, name: 'thin', node: made.node}])
      expect(onlyGets()).to.equal(true)
      await run('vm', 'delete', 'thin', '--yes')
      expect((await run('vm', 'delete', 'ubuntu-22.04', '--yes')).exitCode).to.equal(0)
    })

    it('plans with the disks and jobs that would go', async () => {
      await run(
        'api',
        'post',
        '/cluster/backup',
        ...['id=nightly', 'vmid=103,101', 'storage=local', 'schedule=03:00'].flatMap((pair) => ['-d', pair]),
      )
      cluster.requests.length = 0
      const {exitCode, result, stderr} = await run('vm', 'delete', 'scratch', '--dry-run')
      expect(exitCode).to.equal(0)
      expect(result).to.deep.include({
        dryRun: true,
        vmid: 103,
        disks: [{key: 'scsi0', volume: 'nas:103/vm-103-disk-0.qcow2', sizeBytes: 8 * 2 ** 30}],
        backupJobs: ['nightly'],
      })
      expect(stderr).to.contain('stays named in backup job nightly')
      const several = await run('vm', 'delete', 'scratch', 'db', '--dry-run')
      expect(several.exitCode).to.equal(9)
      expect(several.result[1].refused).to.include({code: 'conflict'})
      expect(onlyGets()).to.equal(true)
      const text = await cluster.run(['proxmox', 'vm', 'delete', 'scratch', '--purge', '--dry-run'])
      expect(text.stdout).to.contain('scsi0: nas:103/vm-103-disk-0.qcow2, 8 GiB').and.to.contain('backup job nightly')
      expect(text.stderr).to.equal('')
    })

    it('takes disks along that no configuration names, when asked to', async () => {
      await run(
        'api',
        'post',
        '/nodes/pve2/storage/nas/content',
        ...['vmid=103', 'filename=vm-103-disk-7.qcow2', 'size=1G', 'format=qcow2'].flatMap((pair) => ['-d', pair]),
      )
      const orphan = 'nas:103/vm-103-disk-7.qcow2'
      const plan = async (...more: string[]) => (await run('vm', 'delete', 'scratch', '--dry-run', ...more)).result
      expect((await plan()).disks).to.have.length(1)
      expect((await plan('--unreferenced-disks')).disks[1]).to.deep.include({volume: orphan, sizeBytes: 2 ** 30})
      expect((await run('vm', 'delete', 'scratch', '--unreferenced-disks', '--yes')).exitCode).to.equal(0)
      expect(JSON.stringify([...stores().of('volumes').keys()])).not.to.contain('vm-103-')
    })

    it('deletes the others of several, and asks without a terminal for --yes', async () => {
      option(202, {protection: 1})
      expect(await run('lxc', 'delete', 'dns', 'playground')).to.include({exitCode: 2})
      const {exitCode, result} = await run('lxc', 'delete', 'dns', 'playground', '--force', '--yes')
      expect(exitCode).to.equal(9)
      expect(result.results[0]).to.include({target: 'dns', ok: true, status: 'deleted'})
      expect(result.results[1].error).to.include({code: 'protected'})
    })

    it('finds the task of a deletion whose answer was lost, and sends it once', async () => {
      cluster.meddle = ({method}) => (method === 'DELETE' ? {drop: 'after'} : undefined)
      const {exitCode, result} = await run('vm', 'delete', 'scratch', '--yes')
      expect(exitCode).to.equal(0)
      expect(result).to.include({status: 'deleted', changed: true})
      expect(cluster.requests.filter(({method}) => method === 'DELETE')).to.have.length(1)
    })
  })
}
