import {okAsync, type ResultAsync} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import type {FileContent} from '../domain/volume-file.js'
import type {ReleaseGate} from './release-gate.js'

/** Images to import can be brought to a storage since 8.4 (schemas); the other files always could. */
export function requireContent(releases: ReleaseGate, content: FileContent): ResultAsync<void, Failure> {
  return content === 'import'
    ? releases.require(
        'a storage for images to import',
        '8.4',
        'Put the image on the node and import it there: qm disk import',
      )
    : okAsync(undefined)
}

/** OCI registries are known since 9.1 (reference 2.6). */
export function requireOci(releases: ReleaseGate): ResultAsync<void, Failure> {
  const instead = 'Take a template of the catalogue: homelab proxmox template available'
  return releases.require('a download from an OCI registry', '9.1', instead)
}
