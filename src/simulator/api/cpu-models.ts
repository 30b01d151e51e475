import {assertDigest, changed, digestOf, sectionValues} from '../config/sections.js'
import {die, type Json} from '../kernel/pve-error.js'

import type {Call, Routes} from '../kernel/call.js'
import type {PropertyRecord} from '../kernel/state.js'

const PREFIX = /^custom-/
const PATH = '/cluster/qemu/custom-cpu-models'

/** CPU models administrators make of QEMU's own (9.2). They are stored without the prefix guests name them by. */
export const cpuModelsRoutes: Routes = {
  [`GET ${PATH}`](call) {
    return [...call.world.store.of('cpuModels').entries()]
      .filter(([name]) => call.hasAny(`/mapping/cpu/${name}`, 'Mapping.Audit', 'Mapping.Use', 'Mapping.Modify'))
      .map(([name, model]) => ({...model, cputype: `custom-${name}`}))
  },

  [`POST ${PATH}`](call) {
    const name = nameOf(call)
    const models = call.world.store.of('cpuModels')
    if (models.has(name)) die(`custom CPU model '${name}' already exists`)
    models.put(name, sectionValues(call.params, 'cputype'))
    return null
  },

  [`GET ${PATH}/{cputype}`](call) {
    return {...existing(call), cputype: `custom-${nameOf(call)}`, digest: digest(call)} as Json
  },

  [`PUT ${PATH}/{cputype}`](call) {
    assertDigest(call.text('digest'), digest(call))
    const values = sectionValues(call.params, 'cputype', 'digest', 'delete')
    call.world.store.of('cpuModels').put(nameOf(call), changed(existing(call), values, call.list('delete')))
    return null
  },

  [`DELETE ${PATH}/{cputype}`](call) {
    existing(call)
    call.world.store.of('cpuModels').delete(nameOf(call))
    return null
  },
}

function nameOf(call: Call): string {
  return call.required('cputype').replace(PREFIX, '')
}

function existing(call: Call): PropertyRecord {
  const name = nameOf(call)
  return call.world.store.of('cpuModels').get(name) ?? die(`Custom cputype '${name}' not found`)
}

function digest({world}: Call): string {
  return digestOf(world.store.of('cpuModels').entries())
}
