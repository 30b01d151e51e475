import {releaseOf, STORAGE_TYPES, storageTypeOf} from '../../src/domain/storage-types.js'
import {expect} from 'chai'
import {requestProblems} from './request-validity.js'

/** Something of the kind that the option takes. */
const VALUE: Readonly<Record<string, number | string>> = {
  base: 'san:0.0.1.lun',
  'content-dirs': 'iso=images',
  format: 'qcow2',
  'max-protected-backups': 3,
  monhost: '192.0.2.31',
  port: 8007,
  portal: '192.0.2.20',
  preallocation: 'off',
  'prune-backups': 'keep-last=3',
  'saferemove-stepsize': 32,
  smbversion: '3',
  fingerprint: `${'AB:'.repeat(31)}AB`,
  blocksize: '16k',
  options: 'soft',
  server: 'nas',
  'fs-name': 'cephfs',
  vgname: 'pve',
  thinpool: 'data',
}
const PATHS = /^(?:path|export|subdir|mountpoint)$/
const FLAGS = /^(?:create-.*|mkdir|fuse|krbd|nocow|saferemove|sparse|tagged_only|snapshot-as-volume-chain)$/

const valueOf = (option: string) => VALUE[option] ?? (PATHS.test(option) ? '/srv' : FLAGS.test(option) ? 1 : 'text')

describe('options of storages', () => {
  for (const version of ['7.4', '8.4', '9.2'] as const) {
    for (const type of STORAGE_TYPES) {
      const {changeable, fixed, required, secret} = storageTypeOf(type)!
      const known = (option: string) => {
        const since = releaseOf(option)?.since
        return since === undefined || Number(since) <= Number(version)
      }

      it(`${version} takes all of ${type} when it is added, and those that change later`, () => {
        const all = [...required, ...fixed, ...changeable, ...secret].filter((option) => known(option))
        const params = Object.fromEntries(all.map((option) => [option, valueOf(option)]))
        expect(
          requestProblems(version, {
            method: 'POST',
            path: '/storage',
            params: {storage: 'new', type, ...params} as never,
          }),
        ).to.deep.equal([])
        const later = [...changeable, ...secret].filter((option) => known(option))
        const changed = Object.fromEntries(later.map((option) => [option, valueOf(option)]))
        expect(requestProblems(version, {method: 'PUT', path: '/storage/new', params: changed as never})).to.deep.equal(
          [],
        )
      })
    }
  }
})
