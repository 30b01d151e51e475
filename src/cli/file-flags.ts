import {Flags} from '@oclif/core'
import {okAsync, type ResultAsync} from 'neverthrow'
import {checksumIn} from '../domain/checksum-file.js'
import {parseChecksum, type Checksum} from '../domain/cloud-image.js'
import type {Failure} from '../domain/failure.js'
import {parsedBy} from './flags.js'
import type {Runtime} from './runtime.js'
import {readTextFile} from './upload-source.js'

/** Where a file is, or shall be. */
export const placeFlags = {
  storage: Flags.string({description: 'The storage; needed where several could be meant.', helpValue: 'NAME'}),
  node: Flags.string({description: 'The node; needed where several have a storage of that name.', helpValue: 'NAME'}),
}

export interface PlaceFlags {
  readonly storage?: string | undefined
  readonly node?: string | undefined
}

const checksumFlag = Flags.custom<Checksum>({
  helpValue: 'sha256:DIGEST',
  parse: parsedBy((text) =>
    parseChecksum(text).mapErr(({message, ...rest}) => ({...rest, message: message.replace(/^--checksum: /, '')})),
  ),
})

export const checksumFlags = {
  checksum: checksumFlag({
    description: 'What the content has to hash to; a file that does not is not stored.',
    exclusive: ['checksum-file'],
  }),
  'checksum-file': Flags.string({
    description: 'A list of checksums here, as SHA256SUMS; the one of this file counts.',
    helpValue: 'FILE',
  }),
}

export interface ChecksumFlags {
  readonly checksum?: Checksum | undefined
  readonly 'checksum-file'?: string | undefined
}

/** @param names what the file may be called in a list */
export function checksumFrom(
  runtime: Runtime,
  {checksum, 'checksum-file': file}: ChecksumFlags,
  names: readonly string[],
): ResultAsync<Checksum | undefined, Failure> {
  if (file === undefined) return okAsync(checksum)
  return readTextFile(runtime, file).andThen((text) => checksumIn(text, names, `"${file}"`))
}
