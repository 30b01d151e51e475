import {err, ok, Result} from 'neverthrow'
import {failure, type Failure} from './failure.js'
import {checkGuestName} from './guest-name.js'
import type {Guest} from './guest.js'

/** `web` and 3 are `web-1`, `web-2`, `web-3`; one is numbered too, so that a script need not care. A domain stays behind: `web.lab` -> `web-1.lab`. */
export function numberedNames(base: string, count: number): Result<string[], Failure> {
  const [, host = '', domain = ''] = /^([^.]*)(.*)$/s.exec(base) ?? []
  return checkGuestName(base).andThen(() =>
    Result.combine(Array.from({length: count}, (_, index) => checkGuestName(`${host}-${index + 1}${domain}`))),
  )
}

/** @returns `already-exists` when a guest bears one of the names that are to be given out: several that are made together must be told apart */
export function checkNamesFree(names: readonly string[], guests: readonly Guest[]): Result<void, Failure> {
  const holders = guests.filter((guest) => guest.name !== undefined && names.includes(guest.name))
  if (holders.length === 0) return ok(undefined)
  const taken = holders.map(({name, vmid, node}) => `${name} (VMID ${vmid} on ${node})`).join(', ')
  return err(
    failure('already-exists', `${holders.length === 1 ? 'there is' : 'there are'} already: ${taken}`, {
      hint: 'Choose another NAME to number; nothing was created',
      details: {names: holders.map(({name}) => name), vmids: holders.map(({vmid}) => vmid)},
    }),
  )
}
