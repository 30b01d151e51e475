import {expect} from 'chai'
import {createHash} from 'node:crypto'
import fs from 'node:fs'
import http from 'node:http'
import type {AddressInfo} from 'node:net'
import os from 'node:os'
import path from 'node:path'

import {startCluster, type TestCluster} from '../helpers/cluster.js'
import {stepsOn} from '../helpers/guest-steps.js'
import {storageFixture} from '../helpers/storage-fixture.js'

const CONTENT = Buffer.from('an installer, or so\n'.repeat(5000))
const SHA256 = createHash('sha256').update(CONTENT).digest('hex')
const NETINST = 'debian-12.7.0-amd64-netinst.iso'
const DEBIAN = 'debian-12-standard_12.7-1_amd64.tar.zst'

describe('files on storages', () => {
  let cluster: TestCluster
  let folder: string
  let web: http.Server
  let url: string

  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'homelab-files-'))
    web = http.createServer((request, response) => {
      if (request.url?.includes('missing') === true) {
        response.writeHead(404).end()
        return
      }

      response.writeHead(200, {'Content-Length': CONTENT.length, 'Content-Type': 'application/octet-stream'})
      response.end(request.method === 'HEAD' ? undefined : CONTENT)
    })
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(web.address() as AddressInfo).port}`
  })

  after(() => {
    web.close()
    fs.rmSync(folder, {recursive: true})
  })

  afterEach(() => cluster.stop())

  const {config, done, refused, run} = stepsOn(() => cluster)
  const file = (name: string, content: Buffer | string = CONTENT): string => {
    fs.writeFileSync(path.join(folder, name), content)
    return path.join(folder, name)
  }

  const volume = (volid: string) =>
    [...cluster.simulator.world.store.of('volumes').values()].find((one) => one.volid === volid)

  for (const pveVersion of ['8.4', '9.2'] as const) {
    it(`${pveVersion}: an ISO image is uploaded, listed, shown, and deleted once no VM has it`, async () => {
      cluster = await startCluster({pveVersion})
      const uploaded = await done('iso', 'upload', file('my file (1).iso'), '--storage', 'nas')
      expect(uploaded).to.deep.include({
        volume: 'nas:iso/my_file__1_.iso',
        name: 'my_file__1_.iso',
        shared: true,
        nodes: ['pve1', 'pve2'],
        sizeBytes: CONTENT.length,
        checksum: {algorithm: 'sha256', value: SHA256, verified: false},
        changed: true,
        replaced: false,
      })
      expect(uploaded.task.outcome).to.equal('ok')

      const all = await done('iso', 'list')
      expect(all.map(({volume: id, nodes}: {volume: string; nodes: string[]}) => [id, ...nodes])).to.deep.equal([
        [`local:iso/${NETINST}`, 'pve1'],
        [`local:iso/${NETINST}`, 'pve2'],
        [`local:iso/${NETINST}`, 'pve3'],
        ['nas:iso/my_file__1_.iso', 'pve1', 'pve2'],
      ])
      expect(await done('iso', 'list', '--node', 'pve3')).to.have.length(1)

      const scratch = config(103) as Record<string, unknown>
      scratch['ide2'] = 'nas:iso/my_file__1_.iso,media=cdrom,size=98K'
      const shown = await done('iso', 'show', 'my_file__1_.iso')
      expect(shown).to.include({path: '/mnt/pve/nas/template/iso/my_file__1_.iso', sizeBytes: CONTENT.length})
      expect(shown.usedBy).to.deep.equal([{vmid: 103, name: 'scratch', type: 'qemu', node: 'pve2', key: 'ide2'}])
      const used = await refused(8, 'iso', 'delete', 'my_file__1_.iso', '--yes')
      expect(used.message).to.equal('nas:iso/my_file__1_.iso is used by scratch (VM 103) as ide2')
      expect(used.hint).to.contain('vm config set 103 ide2=none,media=cdrom')

      // What the hint says: the drive is empty then.
      await done('vm', 'config', 'set', '103', 'ide2=none,media=cdrom')
      expect((await refused(2, 'iso', 'delete', 'my_file__1_.iso')).hint).to.contain('--yes')
      const planned = await done('iso', 'delete', 'my_file__1_.iso', '--dry-run')
      expect(planned).to.include({dryRun: true, volume: 'nas:iso/my_file__1_.iso'})
      const deleted = await done('iso', 'delete', 'my_file__1_.iso', '--yes')
      expect(deleted).to.include({changed: true, volume: 'nas:iso/my_file__1_.iso'})
      expect(volume('nas:iso/my_file__1_.iso')).to.equal(undefined)
      expect((await refused(5, 'iso', 'delete', 'my_file__1_.iso', '--yes')).code).to.equal('not-found')
    })

    it(`${pveVersion}: an image to import comes to a directory of another node`, async () => {
      cluster = await startCluster({pveVersion})
      const uploaded = await done('image', 'upload', file('disk.qcow2'), '--storage', 'local', '--node', 'pve3')
      expect(uploaded).to.deep.include({volume: 'local:import/disk.qcow2', nodes: ['pve3'], sizeBytes: CONTENT.length})
      // It went to that node at once, not through another one.
      expect(uploaded.task.upid).to.match(/^UPID:pve3:.*:imgcopy:/)
      expect(volume('local:import/disk.qcow2')).to.include({node: 'pve3', size: CONTENT.length})
      expect((await done('image', 'list')).map(({volume: id}: {volume: string}) => id)).to.deep.equal([
        'local:import/disk.qcow2',
      ])
    })

    it(`${pveVersion}: a node downloads an ISO image, and compares its checksum`, async () => {
      cluster = await startCluster({pveVersion})
      const planned = await done('iso', 'download', `${url}/live.iso`, '--storage', 'nas', '--dry-run')
      expect(planned).to.deep.include({
        dryRun: true,
        volume: 'nas:iso/live.iso',
        sizeBytes: CONTENT.length,
        changes: true,
      })
      const got = await done('iso', 'download', `${url}/live.iso`, '--storage', 'nas', '--checksum', `sha256:${SHA256}`)
      expect(got).to.deep.include({
        volume: 'nas:iso/live.iso',
        sizeBytes: CONTENT.length,
        changed: true,
        from: `${url}/live.iso`,
        checksum: {algorithm: 'sha256', value: SHA256, verified: true},
      })
      const again = await done('iso', 'download', `${url}/live.iso`, '--storage', 'nas')
      expect(again).to.include({changed: false, volume: 'nas:iso/live.iso'})

      const wrong = await run('iso', 'download', `${url}/other.iso`, '--storage', 'nas', '--checksum', '0'.repeat(64))
      expect(wrong.exitCode).to.equal(7)
      expect(wrong.result.error.message).to.contain('checksum mismatch')
      expect(volume('nas:iso/other.iso')).to.equal(undefined)
    })

    it(`${pveVersion}: container templates come from the catalogue`, async () => {
      cluster = await startCluster({pveVersion})
      const offered = await done('template', 'available', 'debian')
      expect(offered.map(({name}: {name: string}) => name)).to.deep.equal([
        'debian-11-standard_11.7-1_amd64.tar.zst',
        DEBIAN,
      ])
      expect(offered[1]).to.include({source: 'catalogue', package: 'debian-12-standard', version: '12.7-1'})
      const got = await done('template', 'download', 'debian-12', '--storage', 'nas')
      expect(got).to.include({volume: `nas:vztmpl/${DEBIAN}`, changed: true, from: DEBIAN})
      expect(await done('template', 'download', 'debian-12', '--storage', 'nas')).to.include({changed: false})
      expect(await done('template', 'files', '--storage', 'nas')).to.have.length(1)
      // Guests that are cloned are what they always were.
      const guests = await done('template', 'list')
      expect(guests.map(({vmid}: {vmid: number}) => vmid)).to.deep.equal([9000, 9001, 9002])

      const gone = await done('template', 'delete', `nas:vztmpl/${DEBIAN}`, '--yes')
      expect(gone).to.include({changed: true})
      expect((await refused(5, 'template', 'delete', 'ubuntu-22.04', '--yes')).hint).to.contain('vm delete 9000')
      expect((await refused(5, 'template', 'download', 'windows', '--storage', 'nas')).hint).to.contain('available')
    })
  }

  it('templates of registries need 9.1 and a tag', async () => {
    cluster = await startCluster({pveVersion: '9.2'})
    const at = ['--storage', 'local', '--node', 'pve2']
    expect((await done('template', 'available', 'oci:library/nginx')).map(({name}: {name: string}) => name)).to.include(
      'oci:library/nginx:1.27',
    )
    expect((await refused(2, 'template', 'download', 'oci:library/nginx', ...at)).hint).to.contain('1.27')
    expect((await refused(5, 'template', 'download', 'oci:library/nginx:9', ...at)).code).to.equal('not-found')
    const got = await done('template', 'download', 'oci:library/nginx:1.27', ...at)
    expect(got).to.deep.include({volume: 'local:vztmpl/nginx_1.27.tar', nodes: ['pve2'], changed: true})
    const there = await refused(6, 'template', 'download', 'oci:library/nginx:1.27', ...at)
    expect(there.code).to.equal('already-exists')
    await cluster.stop()
    cluster = await startCluster({pveVersion: '8.4'})
    expect((await refused(8, 'template', 'download', 'oci:library/nginx:1.27', ...at)).code).to.equal('not-supported')
  })

  describe('before anything is sent', () => {
    const cases: [string, number, string, readonly string[], RegExp][] = [
      ['LVM-thin', 8, 'refused', ['--storage', 'thin', '--node', 'pve1'], /"thin" \(lvmthin\) takes no ISO images/],
      ['ZFS', 8, 'refused', ['--storage', 'tank', '--node', 'pve1'], /"tank" \(zfspool\) takes no ISO images/],
      ['a storage of another node', 8, 'refused', ['--storage', 'second', '--node', 'pve1'], /not on node pve1/],
      ['an unknown storage', 5, 'not-found', ['--storage', 'file'], /no storage "file"/],
      ['an unknown node', 5, 'not-found', ['--node', 'pve9'], /no node "pve9"/],
      ['no choice among several', 2, 'usage', [], /several storages take ISO images/],
      ['no node of several', 2, 'usage', ['--storage', 'files'], /several nodes have a storage "files" of their own/],
      [
        'a wrong extension',
        2,
        'usage',
        ['--storage', 'files', '--name', 'disk.qcow2'],
        /has to end with \.iso or \.img/,
      ],
    ]
    for (const [what, exitCode, code, argv, message] of cases) {
      it(`${what} is refused`, async () => {
        cluster = await startCluster({fixture: storageFixture('files')})
        const error = await refused(exitCode, 'iso', 'upload', file('a.iso'), ...argv)
        expect(error.code).to.equal(code)
        expect(error.message).to.match(message)
      })
    }

    it('a file that is there already is refused, and replaced with --force', async () => {
      cluster = await startCluster()
      const at = ['--storage', 'local', '--node', 'pve1']
      const there = await refused(6, 'iso', 'upload', file(NETINST), ...at)
      expect(there.code).to.equal('already-exists')
      expect(there.details).to.include({sizeBytes: 661_651_456})
      const replaced = await done('iso', 'upload', file(NETINST), ...at, '--force')
      expect(replaced).to.include({replaced: true, sizeBytes: CONTENT.length})
    })

    it('too little room is refused: on the storage, and twice on the node that takes it', async () => {
      cluster = await startCluster()
      const big = path.join(folder, 'big.iso')
      fs.closeSync(fs.openSync(big, 'w'))
      fs.truncateSync(big, 60 * 2 ** 30)
      const node = await refused(8, 'iso', 'upload', big, '--storage', 'local', '--node', 'pve1')
      expect(node).to.deep.include({code: 'no-capacity'})
      expect(node.message).to.contain('120 GiB there twice')
      fs.truncateSync(big, 6 * 2 ** 40)
      const forced = await done('iso', 'upload', big, '--storage', 'nas', '--ignore-space', '--dry-run')
      expect(forced).to.deep.include({dryRun: true, volume: 'nas:iso/big.iso', receiver: 'pve1', replaces: false})
      expect((await refused(8, 'iso', 'upload', big, '--storage', 'nas')).message).to.contain('storage "nas" has')
    })

    it('a login that may not upload is told so', async () => {
      cluster = await startCluster()
      const env = {
        HOMELAB_TOKEN_ID: 'auditor@pve!readonly',
        HOMELAB_TOKEN_SECRET: 'aaaaaaaa-0000-4000-8000-000000000002',
      }
      const argv = ['proxmox', 'iso', 'upload', file('a.iso'), '--storage', 'nas', '--json']
      const {exitCode, json} = await cluster.run(argv, {env})
      expect(exitCode).to.equal(4)
      expect(json().error.details).to.deep.include({privileges: ['Datastore.AllocateTemplate'], path: '/storage/nas'})
      expect(cluster.requests.filter(({method}) => method !== 'GET')).to.deep.equal([])
    })

    it('a name of the wrong kind is refused before the web server is asked', async () => {
      cluster = await startCluster()
      const wrong = await refused(2, 'iso', 'download', `${url}/missing.iso`, '--storage', 'nas', '--name', 'x.txt')
      expect(wrong.message).to.contain('.iso')
      expect(cluster.requests.filter(({path}) => path.includes('query-url'))).to.deep.equal([])
    })

    it('says what a list lacks because a node is offline', async () => {
      cluster = await startCluster()
      const lists = [
        ['iso', 'list'],
        ['template', 'files'],
        ['storage', 'content', 'local'],
        ['storage', 'usage', 'local'],
      ]
      for (const list of lists) expect((await cluster.run(['proxmox', ...list])).stderr, list.join(' ')).to.equal('')
      cluster.simulator.world.killNode('pve3')
      for (const list of lists) {
        const {exitCode, stderr} = await cluster.run(['proxmox', ...list])
        expect(exitCode).to.equal(0)
        expect(stderr, list.join(' ')).to.equal(
          'warning: what lies on storage local of pve3 is left out: the node is offline\n',
        )
      }

      expect((await cluster.run(['proxmox', 'storage', 'content', 'nas'])).stderr).to.equal('')
    })

    it('a download that the web server does not have is refused', async () => {
      cluster = await startCluster()
      const error = await refused(8, 'iso', 'download', `${url}/missing.iso`, '--storage', 'nas')
      expect(error.hint).to.contain('--no-preview')
      expect((await refused(2, 'iso', 'download', 'ftp://x/y.iso', '--storage', 'nas')).code).to.equal('usage')
      const image = await refused(8, 'image', 'download', `${url}/noble.img`, '--storage', 'nas')
      expect(image.message).to.contain('takes no images to import')
    })
  })

  describe('checksums', () => {
    const at = ['--storage', 'nas']

    it('are compared here and by the server', async () => {
      cluster = await startCluster()
      const list = file('SHA256SUMS', `${'0'.repeat(64)}  other.iso\n${SHA256} *a.iso\n`)
      const uploaded = await done('iso', 'upload', file('a.iso'), ...at, '--checksum-file', list)
      expect(uploaded.checksum).to.deep.equal({algorithm: 'sha256', value: SHA256, verified: true})
      const verified = await done('iso', 'upload', file('b.iso'), ...at, '--verify')
      expect(verified.checksum).to.deep.equal({algorithm: 'sha256', value: SHA256, verified: true})
    })

    it('that differ store nothing', async () => {
      cluster = await startCluster()
      const {exitCode, result} = await run('iso', 'upload', file('a.iso'), ...at, '--checksum', '0'.repeat(64))
      expect(exitCode).to.equal(8)
      expect(result.error.details).to.include({reason: 'checksum-mismatch', actual: SHA256})
      expect(volume('nas:iso/a.iso')).to.equal(undefined)
      expect(await done('iso', 'upload', file('a.iso'), ...at)).to.include({changed: true})
    })
  })

  describe('from stdin', () => {
    const upload = (stdin: Buffer, ...argv: string[]) =>
      cluster.run(['proxmox', 'iso', 'upload', '-', '--storage', 'nas', '--json', ...argv], {stdin})

    it('is sent as it comes with --size, and through a file without it', async () => {
      cluster = await startCluster()
      const sized = await upload(CONTENT, '--name', 'a.iso', '--size', String(CONTENT.length))
      expect(sized.json()).to.include({volume: 'nas:iso/a.iso', sizeBytes: CONTENT.length})
      const spooled = await upload(CONTENT, '--name', 'b.iso')
      expect(spooled.json()).to.include({volume: 'nas:iso/b.iso', sizeBytes: CONTENT.length})
      expect(fs.readdirSync(os.tmpdir()).filter((name) => name.startsWith('homelab-upload-'))).to.deep.equal([])
    })

    it('that is empty is refused, and so is a size that a file has not', async () => {
      const nothing = await cluster.run(
        ['proxmox', 'iso', 'upload', '-', '--name', 'x.iso', '--storage', 'nas', '--json'],
        {
          stdin: '',
        },
      )
      expect(nothing.exitCode).to.equal(8)
      expect(nothing.json().error.message).to.contain('empty')
      await refused(8, 'iso', 'upload', file('none.iso', ''), '--storage', 'nas')
      await refused(2, 'iso', 'upload', file('some.iso'), '--storage', 'nas', '--size', '3')
      expect(volume('nas:iso/x.iso')).to.equal(undefined)
    })

    it('stores nothing when there is less or more of it than was said, or no name', async () => {
      cluster = await startCluster()
      for (const size of [CONTENT.length - 1, CONTENT.length + 1]) {
        const {exitCode, json} = await upload(CONTENT, '--name', 'a.iso', '--size', String(size))
        expect(exitCode).to.equal(8)
        expect(json().error.details).to.include({reason: 'source-size', sizeBytes: size})
      }

      expect(volume('nas:iso/a.iso')).to.equal(undefined)
      expect((await upload(CONTENT)).exitCode).to.equal(2)
    })
  })

  describe('when something goes wrong', () => {
    it('a lost answer leads to the task, and through it to the file', async () => {
      cluster = await startCluster()
      cluster.meddle = ({method}) => (method === 'POST' ? {drop: 'after'} : undefined)
      const uploaded = await done('iso', 'upload', file('a.iso'), '--storage', 'nas')
      expect(uploaded).to.include({volume: 'nas:iso/a.iso', sizeBytes: CONTENT.length, changed: true})
      expect(uploaded.task.outcome).to.equal('ok')
      const downloaded = await done('iso', 'download', `${url}/b.iso`, '--storage', 'nas')
      expect(downloaded).to.include({volume: 'nas:iso/b.iso', changed: true})
      expect(cluster.requests.filter(({method}) => method === 'POST')).to.have.length(2)
    })

    it('a failed copy is a failure, whatever it leaves behind', async () => {
      cluster = await startCluster()
      await cluster.simulator.faults.add({kind: 'task-fail', type: 'imgcopy', text: 'import failed: no space'})
      const {exitCode, result} = await run('iso', 'upload', file('a.iso'), '--storage', 'nas')
      expect(exitCode).to.equal(7)
      expect(result.error.message).to.contain('import failed: no space')
    })

    it('--no-wait tells the task', async () => {
      cluster = await startCluster()
      const {upid, ...rest} = await done('iso', 'upload', file('a.iso'), '--storage', 'nas', '--no-wait')
      expect(upid).to.match(/:imgcopy:/)
      expect(rest).not.to.have.property('task')
    })

    it('of several names each is told by itself', async () => {
      cluster = await startCluster()
      const {exitCode, result} = await run('iso', 'delete', NETINST, 'none.iso', '--node', 'pve1', '--yes')
      expect(exitCode).to.equal(9)
      expect(result.summary).to.deep.equal({ok: 1, failed: 1})
      const several = await refused(6, 'iso', 'show', NETINST)
      expect(several.details.candidates).to.have.length(2)
    })

    it('a guest that cannot be asked counts as one that uses it', async () => {
      cluster = await startCluster()
      await done('iso', 'upload', file('a.iso'), '--storage', 'nas')
      cluster.meddle = ({path: at}) =>
        at.includes('/qemu/101/pending') ? {answer: {status: 595, reason: 'No route to host', body: ''}} : undefined
      const error = await refused(8, 'iso', 'delete', 'a.iso', '--yes')
      expect(error.message).to.contain('git (VM 101)')
      expect(await done('iso', 'delete', 'a.iso', '--yes', '--force')).to.include({changed: true})
    })
  })
})
