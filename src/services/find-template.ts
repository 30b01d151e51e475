import {err, ok, type Result} from 'neverthrow'

import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, guestNoun, guestsCalled, type Guest, type GuestType} from '../domain/guest.js'
import {namelessHint} from '../domain/nameless-guests.js'
import {closest} from '../domain/suggest.js'

/** A template by VMID is that one; by name it is all of that name that are on different nodes: its twins. */
export function findTemplate(
  guests: readonly Guest[],
  type: GuestType,
  nameOrId: string,
): Result<readonly Guest[], Failure> {
  const called = guestsCalled(guests, nameOrId)
  const templates = called.filter((guest) => guest.template && guest.type === type)
  const crowded = templates.find((a) => templates.some((b) => b !== a && b.node === a.node))
  if (crowded !== undefined) {
    return err(
      failure(
        'ambiguous-name',
        `${templates.length} templates are called "${nameOrId}", more than one of them on ${crowded.node}`,
        {
          hint: `Use the VMID of the one you mean: ${templates.map(({vmid, node}) => `${vmid} (on ${node})`).join(', ')}`,
          details: {name: nameOrId, candidates: templates.map(({vmid, node}) => ({vmid, node}))},
        },
      ),
    )
  }

  if (templates.length > 0) return ok(templates)
  const [other] = called
  if (other !== undefined) {
    const what = other.template ? `is a ${guestNoun(other.type)} template` : 'is not a template'
    return err(
      failure('not-found', `${guestLabel(other)} ${what}`, {
        hint: 'See: homelab proxmox template list',
        details: {template: nameOrId, vmid: other.vmid},
      }),
    )
  }

  const names = guests.flatMap((guest) => (guest.template && guest.name !== undefined ? [guest.name] : []))
  const near = closest(nameOrId, names)
  const nameless = namelessHint(guests, type)
  return err(
    failure('not-found', `there is no template "${nameOrId}"`, {
      hint: [
        ...(near === undefined ? [] : [`Did you mean "${near}"?`]),
        ...(nameless === undefined ? [] : [`${nameless}.`]),
        'See: homelab proxmox template list',
      ].join(' '),
      details: {template: nameOrId},
    }),
  )
}
