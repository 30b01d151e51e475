import {permissionError} from '../kernel/pve-error.js'

import type {Call} from '../kernel/call.js'
import type {World} from '../kernel/world.js'

/** Tags in their stored form: each once, separated by `;`, in lower case and sorted unless the datacenter says otherwise. */
export function uniqueTags(world: World, text: string): string {
  const {caseSensitive, ordering} = tagStyle(world)
  const tags = [...new Set(splitTags(text).map((tag) => (caseSensitive ? tag : tag.toLowerCase())))]
  return (ordering === 'config' ? tags : tags.sort()).join(';')
}

function splitTags(text: string): readonly string[] {
  return text.split(/[\s,;]+/).filter((tag) => tag !== '')
}

function tagStyle(world: World): {caseSensitive: boolean; ordering: string} {
  const style = world.store.of('datacenter').get('options')?.['tag-style']
  const text = typeof style === 'string' ? style : ''
  return {
    caseSensitive: /(?:^|,)case-sensitive=(?:1|on|yes|true)/i.test(text),
    ordering: /(?:^|,)ordering=(\w+)/.exec(text)?.[1] ?? 'alphabetical',
  }
}

/** Who may give which tags: options of the guest in general, registered tags of the datacenter to administrators only. */
export function checkTags(call: Call, vmid: number, before: string, after: string, pool?: string): void {
  const old = new Set(splitTags(before))
  const now = new Set(splitTags(after))
  const changed = [...now].filter((tag) => !old.has(tag)).concat([...old].filter((tag) => !now.has(tag)))
  if (changed.length === 0) return
  const {world} = call
  const registered = world.store.of('datacenter').get('options')?.['registered-tags']
  const privileged = new Set(Array.isArray(registered) ? registered.map(String) : splitTags(String(registered ?? '')))
  if (!call.has('/', 'Sys.Modify')) {
    for (const tag of changed) {
      if (privileged.has(tag)) permissionError(`/, Sys.Modify`)
    }
  }

  if (pool === undefined || !call.has(`/pool/${pool}`, 'VM.Config.Options'))
    call.check(`/vms/${vmid}`, 'VM.Config.Options')
}
