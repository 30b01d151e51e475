import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from './failure.js'

/** An image in a registry: `docker.io/library/nginx`, and which of its tags. */
export interface OciReference {
  readonly repository: string
  readonly tag?: string
}

/** `oci:docker.io/library/nginx:1.27`; undefined for what does not begin with `oci:`. */
export function readOciReference(text: string): OciReference | undefined {
  if (!text.startsWith('oci:')) return undefined
  const [, repository = '', tag] = /^oci:(.+?)(?::(\w[\w.-]{0,127}))?$/.exec(text) ?? []
  return {repository, ...(tag !== undefined && {tag})}
}

/** The file that an image becomes: `nginx_1.27.tar`. */
export function ociFileName({repository, tag}: Required<OciReference>): string {
  return `${`${repository.split('/').at(-1)}_${tag}`.replaceAll(/[^\w.-]/g, '_')}.tar`
}

const TAGS_SHOWN = 20

/** The tag, where the registry has it: Proxmox VE takes no image without one (reference 2.6). */
export function requireTag({repository, tag}: OciReference, tags: readonly string[]): Result<string, Failure> {
  if (tag !== undefined && tags.includes(tag)) return ok(tag)
  const some = `${tags.slice(0, TAGS_SHOWN).join(', ')}${tags.length > TAGS_SHOWN ? `, and ${tags.length - TAGS_SHOWN} more` : ''}`
  return err(
    failure(
      tag === undefined ? 'usage' : 'not-found',
      tag === undefined ? `oci:${repository} names no tag` : `the image ${repository} has no tag "${tag}"`,
      {
        hint: `Its tags are: ${some}. Write oci:${repository}:TAG`,
        details: {repository, tags},
      },
    ),
  )
}
