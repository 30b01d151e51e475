import {formatSize} from '../../domain/size.js'
import {fileLabel, type VolumeFile} from '../../domain/volume-file.js'
import type {ArrivedFile} from '../../services/file-arrivals.js'
import {asBytes, asTime} from './human.js'
import type {Column} from './columns.js'

const asList = (value: unknown): string => (Array.isArray(value) ? value.join(',') : String(value))

/** The table of files on storages. */
export const fileColumns: readonly Column<VolumeFile>[] = [
  {key: 'name', whole: true},
  {key: 'storage'},
  {key: 'nodes', format: asList},
  {key: 'sizeBytes', header: 'SIZE', format: asBytes, align: 'right'},
  {key: 'createdAt', header: 'CREATED', format: asTime},
  {key: 'volume', default: false},
  {key: 'format', default: false},
  {key: 'shared', default: false},
]

/** `uploaded nas:iso/debian.iso, 3 GiB, sha256 9f86…` */
export function arrivedText(
  verb: string,
  file: ArrivedFile & {
    readonly checksum?: {readonly algorithm: string; readonly value: string; readonly verified: boolean}
  },
): string {
  if (file.upid !== undefined) return file.upid
  const {checksum, sizeBytes} = file
  if (!file.changed) return `${fileLabel(file)} is there already`
  return [
    `${verb} ${fileLabel(file)}`,
    ...(sizeBytes === undefined ? [] : [formatSize(sizeBytes)]),
    ...(checksum === undefined
      ? []
      : [`${checksum.algorithm} ${checksum.value}${checksum.verified ? ' (compared by the server)' : ''}`]),
  ].join(', ')
}
