import {expect} from 'chai'
import {okAsync} from 'neverthrow'
import {proxmoxApi} from 'proxmox-api'
import type {PveVersion} from '../../src/schema/schema.js'
import {requestProblems} from './request-validity.js'

export interface SentRequest {
  readonly method: string
  readonly path: string
  readonly params: Record<string, unknown>
}

/** Every request that these calls of repositories send. */
export function requestsOf(calls: (connection: never) => unknown[]): SentRequest[] {
  const sent: SentRequest[] = []
  const api = proxmoxApi({
    async doRequest(method, path, _template, params = {}) {
      sent.push({method: method.toUpperCase(), path: path.replace('/api2/json', ''), params: {...params}})
      return null
    },
  })
  calls({api, request: () => okAsync({data: null})} as never)
  return sent
}

/** A test for each of them on each release: fewer `versions` only for what the product sends behind a check of the release. */
export function itSendsValidRequests(
  requests: readonly SentRequest[],
  versions: readonly PveVersion[] = ['7.4', '8.4', '9.2'],
): void {
  for (const version of versions) {
    for (const {method, path, params} of requests) {
      it(`${version} takes ${method} ${path} ${Object.keys(params).join(' ')}`, () => {
        expect(requestProblems(version, {method, path, params: params as never})).to.deep.equal([])
      })
    }
  }
}
