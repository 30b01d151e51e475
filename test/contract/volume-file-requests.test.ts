import {expect} from 'chai'
import {okAsync} from 'neverthrow'

import {AccessRepository} from '../../src/repositories/access-repository.js'
import {DownloadRepository} from '../../src/repositories/download-repository.js'
import {NodeRepository} from '../../src/repositories/node-repository.js'
import {VolumeFileRepository, type FileUpload} from '../../src/repositories/volume-file-repository.js'
import {itSendsValidRequests, requestsOf} from './request-recorder.js'
import {requestProblems} from './request-validity.js'

const CHECKSUM = {algorithm: 'sha256', value: '0'.repeat(64)}
const URL = 'https://lab.example/a.iso'

describe('requests for files on storages', () => {
  itSendsValidRequests(
    requestsOf((connection) => {
      const files = new VolumeFileRepository(connection)
      const downloads = new DownloadRepository(connection)
      return [
        files.facts('pve1', 'nas', 'nas:iso/a.iso'),
        files.delete('pve1', 'nas', 'nas:iso/a.iso'),
        downloads.start('pve1', 'nas', {
          url: URL,
          filename: 'a.iso',
          content: 'iso',
          checksum: CHECKSUM,
          anyCertificate: true,
        }),
        downloads.start('pve1', 'nas', {url: URL, filename: 'a.tar.zst', content: 'vztmpl'}),
        downloads.facts('pve1', URL, true),
        new AccessRepository(connection).permissions('/storage/nas'),
        new NodeRepository(connection).rootSpace('pve1'),
      ]
    }),
  )
  itSendsValidRequests(
    requestsOf((connection) => {
      const downloads = new DownloadRepository(connection)
      return [
        downloads.start('pve1', 'nas', {url: URL, filename: 'a.iso', content: 'iso', compression: 'zst'}),
        downloads.start('pve1', 'nas', {url: URL, filename: 'a.qcow2', content: 'import'}),
      ]
    }),
    ['8.4', '9.2'],
  )

  const cases: [FileUpload['content'], string, boolean, ('7.4' | '8.4' | '9.2')[]][] = [
    ['iso', 'a.iso', false, ['7.4', '8.4', '9.2']],
    ['vztmpl', 'a.tar.zst', true, ['7.4', '8.4', '9.2']],
    ['import', 'a.qcow2', true, ['8.4', '9.2']],
  ]
  for (const [content, name, withChecksum, versions] of cases) {
    it(`${versions.join(', ')} take an upload of ${name}`, () => {
      const sent: {path: string; form: {fields: [string, string][]; filename: string}}[] = []
      const upload = (path: string, form: never) => {
        sent.push({path, form})
        return okAsync({data: 'UPID:'})
      }
      const source = {sizeBytes: 0, async *pieces() {}}
      new VolumeFileRepository({upload} as never).upload({
        node: 'pve1',
        storage: 'nas',
        content,
        name,
        source,
        through: 'pve1',
        ...(withChecksum && {checksum: CHECKSUM}),
      })
      const {form, path} = sent[0]!
      const params = {...Object.fromEntries(form.fields), filename: form.filename}
      for (const version of versions) expect(requestProblems(version, {method: 'POST', path, params})).to.deep.equal([])
      const order = withChecksum ? ['content', 'checksum-algorithm', 'checksum'] : ['content']
      expect(form.fields.map(([field]) => field)).to.deep.equal(order)
    })
  }
})
