import {errAsync, okAsync, type ResultAsync} from 'neverthrow'

import {failure, type Failure} from '../domain/failure.js'
import type {Secret} from '../domain/secret.js'
import type {AccessRepository} from '../repositories/access-repository.js'

export interface LoginCheck {
  readonly version: string
  /** How many paths the login has any right on; 0 for a token with separated privileges that was granted nothing. */
  readonly permittedPaths: number
}

export interface NewToken {
  readonly id: string
  readonly secret: Secret
}

/** Logins and API tokens. */
export class AccessService {
  constructor(
    private readonly access: Pick<
      AccessRepository,
      'createToken' | 'deleteToken' | 'grantToToken' | 'permissions' | 'version'
    >,
  ) {}

  /** Whether the login is taken, and how far it goes: two requests. */
  check(): ResultAsync<LoginCheck, Failure> {
    return this.access
      .permissions()
      .andThen((permissions) =>
        this.access.version().map((version) => ({version, permittedPaths: Object.keys(permissions).length})),
      )
  }

  /**
   * Creates an API token of the user. With a role it gets privileges of its own: that role on `/`; without one it may do what the user may.
   * A token that could not be granted its role is removed again.
   */
  createToken(userid: string, name: string, role: string | undefined): ResultAsync<NewToken, Failure> {
    const comment = 'homelab command line'
    return this.access
      .createToken(userid, name, {comment, privilegeSeparation: role !== undefined})
      .andThen((token): ResultAsync<NewToken, Failure> => {
        if (role === undefined) return okAsync(token)
        return this.access
          .grantToToken(token.id, role, '/')
          .map(() => token)
          .orElse((cause) =>
            this.access
              .deleteToken(userid, name)
              .andThen((): ResultAsync<NewToken, Failure> => errAsync(cause))
              .mapErr((last) => (last === cause ? cause : leftOver(token.id, cause))),
          )
      })
  }

  deleteToken(tokenId: string): ResultAsync<void, Failure> {
    const [userid = '', name = ''] = tokenId.split('!')
    return this.access.deleteToken(userid, name)
  }
}

function leftOver(tokenId: string, cause: Failure): Failure {
  return failure(
    'rollback-failed',
    `${cause.message}; the new token ${tokenId}, which has no rights, could not be removed either`,
    {
      hint: `remove it with: homelab proxmox api delete /access/users/${tokenId.replace('!', '/token/')}`,
    },
  )
}
