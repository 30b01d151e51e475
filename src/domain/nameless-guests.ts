import {guestNoun, type Guest, type GuestType} from './guest.js'

/**
 * A guest whose node has been silent for five minutes is listed without its name, so that nobody finds it by that.
 * @returns what to say where a name is not found; undefined where every guest has one
 */
export function namelessHint(guests: readonly Guest[], type: GuestType | undefined): string | undefined {
  const nameless = guests.filter(
    (guest) => guest.name === undefined && guest.status === 'unknown' && (type === undefined || guest.type === type),
  )
  if (nameless.length === 0) return undefined
  const nodes = [...new Set(nameless.map(({node}) => node))].sort()
  const byNode = nodes.map((node) => {
    const vmids = nameless.filter((guest) => guest.node === node).map(({vmid}) => vmid)
    return `${vmids.sort((a, b) => a - b).join(', ')} on ${node}`
  })
  return `${guestNoun(type)}s of nodes that are offline have no names now, but their VMIDs work: ${byNode.join('; ')}`.replace(
    /^./,
    (letter) => letter.toUpperCase(),
  )
}
