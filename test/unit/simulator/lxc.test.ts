import {expect} from 'chai'

import {type ApiWorld, openApiWorld} from '../../helpers/api-world.js'

const TEMPLATE = 'alpine-3.19-busybox_20240101_amd64.tar.gz'

describe('simulated containers', () => {
  let api: ApiWorld

  afterEach(() => api.close())

  const create = (vmid: number, params: Readonly<Record<string, number | string>> = {}, node = 'pve1') =>
    api.task('POST', `/nodes/${node}/lxc`, {
      vmid,
      ostemplate: `local:vztmpl/${TEMPLATE}`,
      rootfs: 'btr:1',
      unprivileged: 1,
      ...params,
    })

  describe('on one node', () => {
    beforeEach(() => {
      api = openApiWorld('recorded')
    })

    it('leaves neither a container nor a volume of a creation that failed', async () => {
      const volumes = api.world.store.of('volumes').size

      const status = await create(200, {ostemplate: 'local:vztmpl/broken-1.0_amd64.tar.gz', mp0: 'btr:1,mp=/data'})

      expect(status).to.match(/^unable to create CT 200 - command 'lxc-usernsexec .* failed: exit code 2$/)
      expect(api.world.store.of('guests').has(200)).to.equal(false)
      expect(api.world.store.of('volumes').size).to.equal(volumes)
    })

    it('refuses what only root himself may, and storages that hold no containers', async () => {
      const refused = (params: Readonly<Record<string, number | string>>) =>
        api.failure('POST', '/nodes/pve1/lxc', {
          vmid: 200,
          ostemplate: `local:vztmpl/${TEMPLATE}`,
          unprivileged: 1,
          ...params,
        })

      expect(await refused({rootfs: 'btr:1', features: 'nesting=1,keyctl=1'})).to.equal(
        '403 Permission check failed (changing feature flags (except nesting) is only allowed for root@pam)',
      )
      expect(await refused({rootfs: 'btr:1', features: 'nesting=1', unprivileged: 0})).to.equal(
        '403 Permission check failed (changing feature flags for privileged container is only allowed for root@pam)',
      )
      expect(await refused({rootfs: 'local2:1'})).to.include(
        "storage storage 'local2' does not support container directories",
      )
      expect(await refused({mp0: 'btr:1,mp=/data'})).to.equal(
        "500 mount points configured, but 'rootfs' not set - aborting",
      )
    })

    it('keeps what a running container cannot take until its next start', async () => {
      await create(200, {start: 1, net0: 'name=eth0,bridge=vmbr0'})

      await api.call('PUT', '/nodes/pve1/lxc/200/config', {nameserver: '192.0.2.1,192.0.2.2', memory: 256})

      const pending = await api.call('GET', '/nodes/pve1/lxc/200/pending')
      expect(pending).to.deep.include({key: 'nameserver', pending: '192.0.2.1 192.0.2.2'})
      expect(pending).to.deep.include({key: 'memory', value: 256})
      expect(await api.task('POST', '/nodes/pve1/lxc/200/status/reboot')).to.equal('OK')
      expect(await api.call('GET', '/nodes/pve1/lxc/200/pending')).to.deep.include({
        key: 'nameserver',
        value: '192.0.2.1 192.0.2.2',
      })
    })

    it('locks the source of a clone for its whole run', async () => {
      await create(200)
      const upid = (await api.call('POST', '/nodes/pve1/lxc/200/clone', {newid: 201})) as string

      expect(await api.failure('POST', '/nodes/pve1/lxc/200/clone', {newid: 202})).to.equal('500 CT is locked (disk)')
      await api.world.tasks.ended(upid)
      expect(await api.task('POST', '/nodes/pve1/lxc/200/clone', {newid: 202})).to.equal('OK')
    })

    it('clones linked where the storage can, and not where it would need another format', async () => {
      await create(200)
      await create(201, {rootfs: 'local:1'})
      for (const vmid of [200, 201]) expect(await api.call('POST', `/nodes/pve1/lxc/${vmid}/template`)).to.equal(null)

      expect(await api.task('POST', '/nodes/pve1/lxc/200/clone', {newid: 210})).to.equal('OK')
      expect(await api.failure('POST', '/nodes/pve1/lxc/201/clone', {newid: 211})).to.equal(
        "500 Linked clone feature for 'local:201/base-201-disk-0.raw' is not available",
      )
    })

    it('turns a volume made since a snapshot into an unused one at the rollback', async () => {
      await create(200)
      await api.task('POST', '/nodes/pve1/lxc/200/snapshot', {snapname: 'before'})
      await api.call('PUT', '/nodes/pve1/lxc/200/config', {mp0: 'btr:1,mp=/data'})

      expect(await api.task('POST', '/nodes/pve1/lxc/200/snapshot/before/rollback')).to.equal('OK')

      const config = await api.call('GET', '/nodes/pve1/lxc/200/config')
      expect(config).to.include({unused0: 'btr:200/vm-200-disk-1.raw', parent: 'before'})
      expect(config).not.to.have.property('mp0')
    })

    it('ends a shutdown nobody obeys with its text, and obeys force', async () => {
      await create(200, {start: 1})
      api.world.store.of('guests').update(200, {behaviour: {}})

      expect(await api.task('POST', '/nodes/pve1/lxc/200/status/shutdown', {timeout: 2})).to.equal(
        'container did not stop',
      )
      expect(await api.task('POST', '/nodes/pve1/lxc/200/status/shutdown', {timeout: 1, forceStop: 1})).to.equal('OK')
      expect(await api.call('GET', '/nodes/pve1/lxc/200/status/current')).to.include({status: 'stopped'})
    })

    it('takes a container out of everything that names it', async () => {
      await create(200, {start: 1})
      api.world.store.of('haResources').put('ct:200', {sid: 'ct:200', type: 'ct', state: 'ignored'})

      expect(await api.failure('DELETE', '/nodes/pve1/lxc/200')).to.equal(
        '500 unable to remove CT 200 - used in HA resources and purge parameter not set.',
      )
      expect(await api.task('DELETE', '/nodes/pve1/lxc/200', {purge: 1, force: 1})).to.equal('OK')
      expect(api.world.store.of('haResources').size).to.equal(0)
      expect([...api.world.store.of('volumes').values()].filter(({vmid}) => vmid === 200)).to.deep.equal([])
    })
  })

  describe('in a cluster', () => {
    beforeEach(() => {
      api = openApiWorld('recorded-cluster', {via: 'n1'})
    })

    const moved = (vmid: number, params: Readonly<Record<string, number | string>>) =>
      api.task('POST', `/nodes/n1/lxc/${vmid}/migrate`, params)

    it('migrates by a restart, with local volumes', async () => {
      await create(201, {rootfs: 'local:1', mp0: 'shared:1,mp=/data', start: 1}, 'n1')

      expect(await moved(201, {target: 'n2', restart: 1})).to.equal('OK')

      const lines = api.log().map((line) => line.replace(/^[\d-]{10} [\d:]{8} /, ''))
      expect(lines).to.include("found local volume 'local:201/vm-201-disk-0.raw' (in current VM config)")
      expect(lines).to.include("volume 'shared:201/vm-201-disk-0.raw' is on shared storage 'shared'")
      expect(await api.call('GET', '/nodes/n2/lxc/201/status/current')).to.include({status: 'running'})
      expect(await api.failure('GET', '/nodes/n1/lxc/201/config')).to.equal(
        "500 Configuration file 'nodes/n1/lxc/201.conf' does not exist",
      )
      expect([...api.world.store.of('volumes').values()].filter(({vmid, node}) => vmid === 201 && node === 'n1')).to.be
        .empty
    })

    it('aborts a migration that cannot be', async () => {
      await create(201, {rootfs: 'local2:1', start: 1}, 'n1')

      expect(await api.failure('POST', '/nodes/n1/lxc/201/migrate', {target: 'n2'})).to.equal(
        "500 can't migrate running container without --online or --restart",
      )
      expect(await moved(201, {target: 'n2', online: 1})).to.equal('migration aborted')
      expect(api.log().join('\n')).to.include('lxc live migration is currently not implemented')
      expect(await moved(201, {target: 'n3', restart: 1})).to.equal('migration aborted')
      expect(api.log().join('\n')).to.include("storage 'local2' is not available on node 'n3'")
      expect(await api.call('GET', '/nodes/n1/lxc/201/status/current')).to.include({status: 'running'})
    })

    it('still stops a container without quorum, and starts none', async () => {
      await create(211, {rootfs: 'shared:1', start: 1}, 'n1')
      for (const node of ['n2', 'n3']) api.world.killNode(node, 10)

      expect(await api.task('POST', '/nodes/n1/lxc/211/status/stop')).to.equal('OK')
      expect(await api.failure('POST', '/nodes/n1/lxc/211/status/start')).to.equal('500 cluster not ready - no quorum?')
      expect(await api.failure('PUT', '/nodes/n1/lxc/211/config', {memory: 128})).to.match(
        /^500 unable to open file '\/etc\/pve\/nodes\/n1\/lxc\/211\.conf\.tmp\.\d+' - Permission denied$/,
      )
      expect(await api.task('DELETE', '/nodes/n1/lxc/211')).to.equal("cfs-lock 'storage-shared' error: no quorum!")
      expect(api.log().filter((line) => line.startsWith('trying to acquire'))).to.have.length(9)
    })
  })
})
