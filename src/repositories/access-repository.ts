import type {ResultAsync} from 'neverthrow'
import * as z from 'zod/mini'

import type {Failure} from '../domain/failure.js'
import {Secret} from '../domain/secret.js'
import type {Connection} from '../proxmox/connection.js'
import {ask, record} from './reply.js'

const versionReply = z.looseObject({version: z.string()})
const newToken = z.looseObject({'full-tokenid': z.string(), value: z.string()})

/** Who one is and what one may do, and API tokens: `/access/…`, `/version`. */
export class AccessRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  /** The server's version, as `8.4.1`; `GET /version`, open to every login. */
  version(): ResultAsync<string, Failure> {
    return ask('read the version', () => this.connection.api.version.$get(), versionReply).map(({version}) => version)
  }

  /**
   * The caller's privileges by path; `GET /access/permissions`, which everybody may ask about himself.
   * @param path this one only
   */
  permissions(path?: string): ResultAsync<Record<string, unknown>, Failure> {
    const query = path === undefined ? {} : {path}
    return ask('read the own permissions', () => this.connection.api.access.permissions.$get(query), record)
  }

  /** The secret is told this once; `POST /access/users/{userid}/token/{tokenid}`. */
  createToken(
    userid: string,
    name: string,
    options: {readonly comment: string; readonly privilegeSeparation: boolean},
  ): ResultAsync<{readonly id: string; readonly secret: Secret}, Failure> {
    const {comment, privilegeSeparation} = options
    return ask(
      `create the API token ${userid}!${name}`,
      () => this.token(userid, name).$post({comment, privsep: privilegeSeparation}),
      newToken,
    ).map((reply) => ({id: reply['full-tokenid'], secret: new Secret(reply.value)}))
  }

  deleteToken(userid: string, name: string): ResultAsync<void, Failure> {
    return ask(`delete the API token ${userid}!${name}`, () => this.token(userid, name).$delete(), z.unknown()).map(
      () => undefined,
    )
  }

  /** Gives a token with separated privileges a role of its own; `PUT /access/acl`. */
  grantToToken(tokenId: string, role: string, path: string): ResultAsync<void, Failure> {
    return ask(
      `grant ${role} on ${path} to ${tokenId}`,
      () => this.connection.api.access.acl.$put({path, roles: role, tokens: tokenId, propagate: true}),
      z.unknown(),
    ).map(() => undefined)
  }

  private token(userid: string, name: string) {
    return this.connection.api.access.users.$(userid).token.$(name)
  }
}
