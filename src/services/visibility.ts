import {errAsync, okAsync, type ResultAsync} from 'neverthrow'

import {failure, type Failure} from '../domain/failure.js'
import type {AccessRepository} from '../repositories/access-repository.js'

/**
 * Proxmox leaves out of its lists what the caller may not see, so a guest that is "not found" may only be invisible. Asks why, where nothing at
 * all is visible: a fresh token with privilege separation has no right whatever (reference 2.3).
 */
export class Visibility {
  constructor(private readonly access: AccessRepository) {}

  /** @param seen how many guests were visible; any one proves that it is not the permissions */
  explain<T>(missing: Failure, seen: number): ResultAsync<T, Failure> {
    if (missing.kind !== 'not-found' || seen > 0) return errAsync(missing)
    return this.access
      .permissions()
      .orElse(() => okAsync({'/': {}}))
      .andThen((paths) => errAsync(Object.keys(paths).length > 0 ? missing : mayNothing(missing)))
  }

  /** What to say of a list that is empty because this login may see nothing; undefined where it may see something. */
  async remark(): Promise<string | undefined> {
    const paths = await this.access.permissions().unwrapOr({'/': {}})
    return Object.keys(paths).length > 0
      ? undefined
      : `this login has no privilege at all, so it sees nothing. ${REMEDY}`
  }
}

const REMEDY =
  'A token with privilege separation needs permissions of its own, besides those of its user: Datacenter, Permissions, Add, API Token Permission'

function mayNothing(missing: Failure): Failure {
  return failure('permission', `${missing.message}: this login has no privilege at all, so it sees nothing`, {
    hint: REMEDY,
    details: {...missing.details, reason: 'no-privileges'},
  })
}
