import {failure, type Failure} from './failure.js'
import {guestLabel, type Guest} from './guest.js'

/** Why a VMID that was asked for cannot be had; undefined while nobody has it. */
export function vmidTaken(vmid: number | undefined, guests: readonly Guest[]): Failure | undefined {
  const holder = guests.find((guest) => guest.vmid === vmid)
  if (vmid === undefined || holder === undefined) return undefined
  return failure('vmid-conflict', `VMID ${vmid} is taken by ${guestLabel(holder)} on ${holder.node}`, {
    hint: 'Choose another one, or leave --vmid out to have a free one picked',
    details: {vmid, holder: {vmid, ...(holder.name !== undefined && {name: holder.name}), node: holder.node}},
  })
}

/** Two guests may bear one name, but then neither can be called by it any more. */
export function nameWarnings(name: string, guests: readonly Guest[]): string[] {
  const namesakes = guests.filter((guest) => guest.name === name)
  return namesakes.length === 0
    ? []
    : [
        `the name "${name}" is borne by ${namesakes.map(({vmid}) => vmid).join(', ')} too: from now on it has to be named by VMID`,
      ]
}
