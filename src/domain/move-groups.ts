import type {HaRules} from './ha-rules.js'

/**
 * A guest and all that positive resource affinities tie to it, through others as well, by VMID. HA moves them as one: who migrates one of them migrates all
 * (reference 2.12, `dependent-ha-resources`).
 */
export function groupOf<G extends {readonly vmid: number}>(
  guest: G,
  {guests, rules}: {readonly guests: readonly G[]; readonly rules: HaRules},
): G[] {
  const positive = rules.resourceAffinities.filter(({affinity}) => affinity === 'positive')
  const members = new Set([guest.vmid])
  for (let size = 0; size < members.size;) {
    size = members.size
    for (const {vmids} of positive) {
      if ([...vmids].some((vmid) => members.has(vmid))) for (const vmid of vmids) members.add(vmid)
    }
  }

  return members.size === 1 ? [guest] : guests.filter(({vmid}) => members.has(vmid)).sort((a, b) => a.vmid - b.vmid)
}
