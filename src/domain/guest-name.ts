import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from './failure.js'

const LABEL = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?$/

/**
 * A guest's name must be a DNS name: labels of letters, digits and inner hyphens, each at most 63 long, joined by dots (format `dns-name`;
 * reference 2.1). Proxmox itself leaves the length open; names past 63 per label or 253 in all cannot be host names.
 */
export function checkGuestName(name: string): Result<string, Failure> {
  const labels = name.split('.')
  const bad = labels.find((label) => !LABEL.test(label))
  if (bad === undefined && name.length <= 253 && labels.every((label) => label.length <= 63)) return ok(name)
  return err(
    failure('usage', `NAME "${name}" is not a valid guest name`, {
      hint: 'Use letters, digits and hyphens, in labels joined by dots, as in a host name: web-1 or web.lab',
      details: {field: 'name', value: name},
    }),
  )
}
