import {expect} from 'chai'

import {type ApiWorld, openApiWorld} from '../../helpers/api-world.js'
import {allocateVolume} from '../../../src/simulator/storage/allocate.js'
import {findVolume, formatDiskSize, renameVolume, usage} from '../../../src/simulator/storage/volumes.js'
import {volumeKey} from '../../../src/simulator/kernel/state.js'

const GIB = 1024 ** 3

describe('simulated storage', () => {
  let api: ApiWorld

  afterEach(() => api.close())

  describe('volumes', () => {
    const allocate = (
      storage: string,
      rest: {readonly vmid?: number; readonly size?: number; readonly format?: string} = {},
    ) =>
      allocateVolume(api.world, {
        storage,
        node: 'pve1',
        vmid: rest.vmid ?? 500,
        sizeBytes: rest.size ?? GIB,
        content: 'images',
        ...(rest.format !== undefined && {format: rest.format}),
      })

    beforeEach(() => {
      api = openApiWorld('demo')
    })

    it('names them as their storage does', () => {
      expect(allocate('local-lvm').volid).to.equal('local-lvm:vm-500-disk-0')
      expect(allocate('local-lvm').volid).to.equal('local-lvm:vm-500-disk-1')
      expect(allocate('nas', {format: 'qcow2'}).volid).to.equal('nas:500/vm-500-disk-0.qcow2')
      expect(allocate('local-lvm', {vmid: 501}).node).to.equal('pve1')
      expect(allocate('nas', {vmid: 501}).node).to.equal(undefined)
    })

    it('finds a linked clone with and without its base image', () => {
      const base = findVolume(api.world, 'nas:9000/base-9000-disk-0.qcow2', 'pve1')!
      const clone = allocateVolume(api.world, {
        storage: 'nas',
        node: 'pve1',
        vmid: 500,
        sizeBytes: base.size,
        content: 'images',
        base,
      })
      expect(clone.volid).to.equal('nas:9000/base-9000-disk-0.qcow2/500/vm-500-disk-0.qcow2')
      expect(findVolume(api.world, 'nas:500/vm-500-disk-0.qcow2', 'pve2')).to.deep.equal(clone)
    })

    it('gives a number again only when no base image has it', () => {
      const disk = allocate('local-lvm')
      renameVolume(api.world, volumeKey(disk), {name: 'base-500-disk-0'})
      expect(allocate('local-lvm').volid).to.equal('local-lvm:vm-500-disk-1')
    })

    it('takes no more than there is', () => {
      const {avail} = usage(api.world, 'nas', 'pve1')
      const fill = (dataBytes: number) =>
        allocateVolume(api.world, {
          storage: 'nas',
          node: 'pve1',
          vmid: 600,
          sizeBytes: 2 * avail,
          content: 'images',
          format: 'raw',
          dataBytes,
        })
      expect(() => fill(avail + 1)).to.throw(
        'unable to create image: qemu-img: /mnt/pve/nas/images/600/vm-600-disk-0.raw: No space left on device',
      )
      fill(avail)
      expect(usage(api.world, 'nas', 'pve1').avail).to.equal(0)
    })

    it('refuses storages the node cannot use', () => {
      expect(() => allocate('nope')).to.throw("storage 'nope' does not exist")
      expect(() =>
        allocateVolume(api.world, {storage: 'nas', node: 'pve3', vmid: 500, sizeBytes: GIB, content: 'images'}),
      ).to.throw("storage 'nas' is not available on node 'pve3'")
    })

    it('writes sizes as configurations have them', () => {
      expect([0, 1, 1536, 104_858 * 1024, 3.5 * GIB, 2 ** 40].map((size) => formatDiskSize(size))).to.deep.equal([
        '0T',
        '1',
        '1536',
        '104858K',
        '3584M',
        '1T',
      ])
    })
  })

  describe('configuration', () => {
    beforeEach(() => {
      api = openApiWorld('recorded')
    })

    it('knows what each type must have, may have, and cannot change', async () => {
      const create = (params: Readonly<Record<string, string>>) =>
        api.failure('POST', '/storage', {storage: 'new', ...params})
      expect(await create({type: 'nfs', server: 'filer'})).to.equal("500 missing value for required option 'export'")
      expect(await create({type: 'dir', path: '/srv/new', krbd: '1'})).to.equal("500 unexpected property 'krbd'")
      expect(await create({type: 'dir', path: '/srv/new', content: 'none,iso'})).to.equal(
        "500 unable to combine 'none' with other content types",
      )
      expect(await create({type: 'lvmthin', vgname: 'other', thinpool: 'data'})).to.equal(
        "500 create storage failed: no such volume group 'other'",
      )
      await api.call('POST', '/storage', {storage: 'new', type: 'nfs', server: 'filer', export: '/x'})
      expect(await api.call('GET', '/storage/new')).to.include({path: '/mnt/pve/new', shared: 1, content: 'images'})
      expect(await api.failure('PUT', '/storage/new', {delete: 'export'})).to.equal(
        "500 update storage failed: unable to delete required option 'export'",
      )
      expect(await api.failure('PUT', '/storage/new', {krbd: 1})).to.equal(
        "500 update storage failed: unexpected property 'krbd'",
      )
    })

    it('keeps secrets to itself', async () => {
      await api.call('POST', '/storage', {
        storage: 'pbs',
        type: 'pbs',
        server: 'backup',
        datastore: 'main',
        username: 'u@pbs',
        password: 'very-secret',
      })
      expect(JSON.stringify(await api.call('GET', '/storage'))).not.to.contain('very-secret')
    })

    it('refuses a change of what somebody else has changed', async () => {
      const {digest} = await api.call('GET', '/storage/local2')
      await api.call('PUT', '/storage/local2', {content: 'iso', digest})
      expect(await api.failure('PUT', '/storage/local2', {content: 'images', digest})).to.match(
        /^500 update storage failed: detected modified configuration/,
      )
    })

    it('is not active where a node lacks what it is made of', async () => {
      api.close()
      api = openApiWorld('demo')
      const pool = {type: 'zfspool', pool: 'tank'}
      expect(await api.failure('POST', '/storage', {storage: 'tank', ...pool})).to.contain('no such pool available')
      await api.call('POST', '/storage', {storage: 'elsewhere', ...pool, nodes: 'pve2'})
      expect(await api.failure('GET', '/nodes/pve2/storage/elsewhere/content')).to.equal(
        "500 could not activate storage 'elsewhere', zfs error: cannot import 'tank': no such pool available",
      )
      expect(await api.call('GET', '/nodes/pve2/storage/elsewhere/status')).to.include({
        enabled: 1,
        active: 0,
        total: 0,
      })
      const resources = await api.call('GET', '/cluster/resources', {type: 'storage'})
      const [entry] = resources.filter(({storage}: {storage: string}) => storage === 'elsewhere')
      expect(entry).to.include({node: 'pve2', status: 'unknown'}).and.not.to.have.property('maxdisk')
    })

    it('lets storages on one file system share their space', async () => {
      await api.call('POST', '/storage', {storage: 'extra', type: 'dir', path: '/srv/extra', content: 'images'})
      const before = await api.call('GET', '/nodes/pve1/storage/local/status')
      allocateVolume(api.world, {
        storage: 'extra',
        node: 'pve1',
        vmid: 100,
        sizeBytes: GIB,
        content: 'images',
        format: 'raw',
        dataBytes: GIB,
      })
      const after = await api.call('GET', '/nodes/pve1/storage/local/status')
      expect(before.avail - after.avail).to.equal(GIB)
    })
  })

  describe('content', () => {
    beforeEach(() => {
      api = openApiWorld('recorded')
    })

    const content = '/nodes/pve1/storage/local/content'

    it('shows each volume to those who may use it', async () => {
      await api.call('POST', content, {vmid: 180, filename: 'vm-180-disk-0.raw', size: '64M'})
      expect(await api.call('GET', content, {content: 'images'})).to.have.length(1)
      const auditor = openApiWorld('recorded', {user: 'nobody@pve'})
      expect(await auditor.failure('GET', content)).to.match(/^403/)
      auditor.close()
    })

    it('refuses a name that says another format', async () => {
      const failure = await api.failure('POST', content, {
        vmid: 180,
        filename: 'vm-180-disk-0.raw',
        size: '64M',
        format: 'qcow2',
      })
      expect(failure).to.equal('400 Parameter verification failed. format different storage formats (qcow2 != raw)')
    })

    it('deletes within the delay or hands out the task', async () => {
      await api.call('POST', content, {vmid: 180, filename: 'vm-180-disk-0.raw', size: '64M'})
      const volume = `${content}/${encodeURIComponent('local:180/vm-180-disk-0.raw')}`
      expect(await api.call('DELETE', decodeURIComponent(volume), {delay: 5})).to.equal(null)
      expect(await api.task('DELETE', decodeURIComponent(volume))).to.equal('OK')
      expect(api.log()[0]).to.equal("disk image '/var/lib/vz/images/180/vm-180-disk-0.raw' does not exist")
    })

    it('reaches no network but this machine, and says so', async () => {
      const status = await api.task('POST', '/nodes/pve1/storage/local/download-url', {
        content: 'iso',
        filename: 'x.iso',
        url: 'https://example.invalid/x.iso',
      })
      expect(status).to.equal("download failed: unable to resolve host address 'example.invalid'")
    })
  })

  it('pulls OCI images on releases that can', async () => {
    api = openApiWorld('recorded', {version: '9.2'})
    const path = '/nodes/pve1/storage/local/oci-registry-pull'
    expect(await api.task('POST', path, {reference: 'docker.io/library/alpine:3.20'})).to.equal('OK')
    expect(findVolume(api.world, 'local:vztmpl/alpine_3.20.tar', 'pve1')?.format).to.equal('tar')
    expect(await api.failure('POST', path, {reference: 'alpine:3.20'})).to.match(
      /^500 refusing to override existing file/,
    )
    expect(await api.task('POST', path, {reference: 'alpine:no-such-tag'})).to.contain('manifest unknown')
    expect(await api.call('GET', '/nodes/pve1/query-oci-repo-tags', {reference: 'alpine'})).to.include('latest')
  })
})
