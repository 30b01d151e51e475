import {err, type Result} from 'neverthrow'
import {parseChecksum, type Checksum} from './cloud-image.js'
import {failure, type Failure} from './failure.js'

interface Line {
  readonly algorithm?: string
  readonly digest: string
  readonly name?: string
}

/**
 * The checksum of a file in a list of them, as `sha256sum` and its like write it (`DIGEST  NAME`, `DIGEST *NAME`), as BSD's tools and Fedora do
 * (`SHA256 (NAME) = DIGEST`), or a digest alone.
 * @param names what the file may be called there, the likeliest first
 * @param where the list came from, for messages
 * @param ofOne the list belongs to this one file: its only line counts, under whatever name
 */
export function checksumIn(
  text: string,
  names: readonly string[],
  where: string,
  ofOne = false,
): Result<Checksum, Failure> {
  const lines = text.split(/\r?\n/).flatMap((line) => readLine(line) ?? [])
  const [only, another] = lines
  const found =
    names.map((name) => lines.find((line) => baseName(line.name) === name)).find((line) => line !== undefined) ??
    (another === undefined && (ofOne || only?.name === undefined) ? only : undefined)
  if (found !== undefined) {
    return parseChecksum(found.algorithm === undefined ? found.digest : `${found.algorithm}:${found.digest}`)
  }

  const known = lines.flatMap((line) => baseName(line.name) ?? [])
  return err(
    failure('usage', `${where} holds no checksum of ${names.join(' or ')}`, {
      hint:
        known.length > 0
          ? `It has those of: ${known.slice(0, 5).join(', ')}${known.length > 5 ? ', …' : ''}`
          : 'Give the digest itself: --checksum sha256:9f86d0…',
      details: {field: 'checksum-file', names: known},
    }),
  )
}

function readLine(line: string): Line | undefined {
  const [, algorithm, bsdName, bsdDigest] = /^([A-Za-z]+\d*) \((.+)\) = ([\dA-Fa-f]+)$/.exec(line) ?? []
  if (algorithm !== undefined && bsdName !== undefined && bsdDigest !== undefined)
    return {algorithm: algorithm.toLowerCase(), name: bsdName, digest: bsdDigest}
  const [, digest, name] = /^([\dA-Fa-f]{32,128})(?:\s+\*?(\S.*))?$/.exec(line.trim()) ?? []
  return digest === undefined ? undefined : {digest, ...(name !== undefined && {name})}
}

function baseName(name: string | undefined): string | undefined {
  return name?.slice(name.lastIndexOf('/') + 1)
}
