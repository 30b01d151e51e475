import type {ResultAsync} from 'neverthrow'
import {errAsync, okAsync} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import type {AccessRepository} from '../repositories/access-repository.js'

/** A release of Proxmox VE, as `9.1`. */
export type Release = `${number}.${number}`

/** Refuses what the server's release does not have yet, before anything of it is sent. */
export class ReleaseGate {
  #release: ResultAsync<string, Failure> | undefined

  constructor(private readonly access: AccessRepository) {}

  /** The server's release, as `8.4`; asked once. */
  release(): ResultAsync<string, Failure> {
    this.#release ??= this.access.version().map((version) => version.split('.').slice(0, 2).join('.'))
    return this.#release
  }

  /**
   * @param since the first release that has it
   * @param instead what to do on an older one
   */
  require(what: string, since: Release, instead?: string): ResultAsync<void, Failure> {
    return this.release().andThen((release) =>
      compareReleases(release, since) >= 0
        ? okAsync(undefined)
        : errAsync(
            failure('not-supported', `${what} needs Proxmox VE ${since}, and this server runs ${release}`, {
              ...(instead !== undefined && {hint: instead}),
              details: {release, since},
            }),
          ),
    )
  }
}

/** Negative when `a` is older than `b`; only major and minor count. */
export function compareReleases(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number)
  const [majorB = 0, minorB = 0] = b.split('.').map(Number)
  return majorA - majorB || minorA - minorB
}
