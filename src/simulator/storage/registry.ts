import {die} from '../kernel/pve-error.js'

/** An image of the simulated registry. */
export interface RegistryImage {
  readonly tags: readonly string[]
  /** Bytes of the archive. */
  readonly size: number
}

const HUB = 'docker.io'
const MIB = 1024 ** 2

/** What the simulated network's registry holds. */
const IMAGES: Readonly<Record<string, RegistryImage>> = {
  'library/alpine': {tags: ['3.19', '3.20', '3.21', 'latest'], size: 4 * MIB},
  'library/busybox': {tags: ['1.36', '1.37', 'latest'], size: 2 * MIB},
  'library/debian': {tags: ['bookworm', 'trixie', 'latest'], size: 49 * MIB},
  'library/nginx': {tags: ['1.27', 'alpine', 'latest'], size: 72 * MIB},
  'library/postgres': {tags: ['16', '17', 'latest'], size: 152 * MIB},
  'library/redis': {tags: ['7', '8', 'latest'], size: 52 * MIB},
  'library/ubuntu': {tags: ['22.04', '24.04', 'latest'], size: 29 * MIB},
}

/**
 * An image by its reference without a tag, of the one registry there is.
 * @throws PveError 500 with what `skopeo` says of any other
 */
export function registryImage(reference: string): RegistryImage {
  const parts = reference.split('/')
  const hasHost = parts.length > 1 && /[.:]/.test(parts[0]!)
  const host = hasHost ? parts[0]! : HUB
  const name = (hasHost ? parts.slice(1) : parts).join('/')
  if (host !== HUB)
    return die(`pinging container registry ${host}: Get "https://${host}/v2/": dial tcp: lookup ${host}: no such host`)
  const image = IMAGES[name.includes('/') ? name : `library/${name}`]
  return image ?? die(`Error reading manifest from ${host}/${name}: requested access to the resource is denied`)
}
