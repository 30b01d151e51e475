import {expect} from 'chai'
import {configKeys, configKind} from '../../src/domain/config-keys.js'
import {loadSchema, PVE_VERSIONS, type PropertySchema} from '../../src/schema/schema.js'

/** Parameters of the call that are no options of a guest. */
const NOT_KEYS = new Set(['delete', 'digest', 'force', 'node', 'revert', 'skiplock', 'vmid'])

describe('keys of a configuration', () => {
  for (const type of ['qemu', 'lxc'] as const) {
    const declared = new Map<string, PropertySchema[]>()
    for (const version of PVE_VERSIONS) {
      const {parameters} = loadSchema(version).find('PUT', `/nodes/{node}/${type}/{vmid}/config`)!
      for (const [key, schema] of Object.entries(parameters.properties ?? {}))
        if (!NOT_KEYS.has(key)) declared.set(key, [...(declared.get(key) ?? []), schema])
    }

    it(`${type}: are those that some release declares`, () => {
      expect(configKeys(type)).to.deep.equal([...declared.keys()].sort())
    })

    it(`${type}: are read as the releases declare them`, () => {
      for (const [key, schemas] of declared) {
        const types = new Set(schemas.map((schema) => schema.type))
        const kind = types.has('boolean') ? 'boolean' : types.has('integer') || types.has('number') ? 'number' : 'text'
        expect(configKind(type, key.replace('[n]', '0')), key).to.equal(kind)
      }
    })
  }
})
