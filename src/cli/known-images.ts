import type {ResultAsync} from 'neverthrow'
import {loadConfiguration} from '../config/load-configuration.js'
import type {Surroundings} from '../config/locations.js'
import type {Failure} from '../domain/failure.js'
import {imageCatalogue, type CloudImage} from '../domain/image-catalogue.js'

/** The official images, and those of the configuration. */
export function knownImages(surroundings: Surroundings): ResultAsync<CloudImage[], Failure> {
  return loadConfiguration(surroundings).map(({images = {}}) => imageCatalogue(images))
}

/** An image as it is listed. */
export interface ImageRow {
  readonly name: string
  readonly title: string
  readonly user?: string
  readonly osType: string
  readonly cpu?: string
  readonly firmware?: string
  readonly url: string
  /** Where its checksum is published. */
  readonly checksumUrl?: string
  /** The one that the configuration says. */
  readonly checksum?: string
}

export function imageRow({checksum, ...rest}: CloudImage): ImageRow {
  return checksum.kind === 'list'
    ? {...rest, checksumUrl: checksum.url}
    : {...rest, checksum: `${checksum.checksum.algorithm}:${checksum.checksum.value}`}
}
