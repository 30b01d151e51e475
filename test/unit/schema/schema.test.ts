import {expect} from 'chai'
import {loadSchema, type MethodSchema, PVE_VERSIONS, type PveVersion} from '../../../src/schema/schema.js'

describe('loadSchema', () => {
  const counts: Readonly<Record<PveVersion, number>> = {'7.4': 541, '8.4': 606, '9.2': 662}

  for (const version of PVE_VERSIONS) {
    it(`has every method of ${version}, each found by its own path`, () => {
      const schema = loadSchema(version)
      const methods = [...schema.methods()]
      expect(methods).to.have.length(counts[version])
      for (const method of methods) {
        const path = method.template.replaceAll(/\{([^}]+)\}/g, 'value-of-$1')
        const match = schema.match(method.method, path)
        expect(match?.method, method.template).to.equal(method)
        for (const [name, value] of Object.entries(match?.pathParams ?? {})) expect(value).to.equal(`value-of-${name}`)
        expect(schema.find(method.method, method.template)).to.equal(method)
      }
    })

    it(`declares every placeholder of ${version} as a parameter`, () => {
      for (const method of loadSchema(version).methods()) {
        if (method.parameters.properties === undefined) continue
        for (const [, name] of method.template.matchAll(/\{([^}]+)\}/g)) {
          expect(method.parameters.properties, `${method.method} ${method.template}`).to.have.property(name!)
        }
      }
    })
  }
})

describe('Schema.match', () => {
  const schema = loadSchema('8.4')

  it('gives the values of the placeholders', () => {
    expect(schema.match('GET', '/nodes/pve1/qemu/100/status/current')).to.deep.include({
      template: '/nodes/{node}/qemu/{vmid}/status/current',
      pathParams: {node: 'pve1', vmid: '100'},
    })
  })

  it('takes the rest of the path for volumes and networks, which contain slashes', () => {
    expect(schema.match('GET', '/nodes/n/storage/local/content/local:iso/a.iso')?.pathParams['volume']).to.equal(
      'local:iso/a.iso',
    )
    expect(schema.match('DELETE', '/cluster/firewall/ipset/lan/10.0.0.0/8')?.pathParams).to.deep.equal({
      name: 'lan',
      cidr: '10.0.0.0/8',
    })
    expect(schema.match('GET', '/nodes/n/storage/local/status/more')).to.equal(undefined)
  })

  it('ignores empty segments', () => {
    expect(schema.match('GET', '//nodes//pve1/status/')?.pathParams).to.deep.equal({node: 'pve1'})
    expect(schema.match('GET', '/')?.template).to.equal('/')
  })

  it('finds nothing for unknown paths, other verbs, folders without a method, and white space', () => {
    expect(schema.match('GET', '/nodes/pve1/nope')).to.equal(undefined)
    expect(schema.match('PATCH', '/version')).to.equal(undefined)
    expect(schema.match('POST', '/version')).to.equal(undefined)
    expect(schema.match('GET', '/nodes/pve 1/status')).to.equal(undefined)
  })
})

describe('MethodSchema', () => {
  const schema = loadSchema('9.2')

  it('says where a call runs and who may make it', () => {
    const clone = schema.find('POST', '/nodes/{node}/qemu/{vmid}/clone')
    expect(clone).to.include({version: '9.2', protected: true, proxyto: 'node', allowToken: true, returns: 'string'})
    expect(schema.find('PUT', '/access/password')?.allowToken).to.equal(false)
    expect(schema.find('GET', '/version')?.permissions).to.deep.equal({user: 'all'})
    expect(schema.find('POST', '/nodes/{node}/execute')?.permissions).to.equal(undefined)
  })

  it('keeps what is derived from it', () => {
    let runs = 0
    const derive = (method: MethodSchema): {template: string} => {
      runs++
      return {template: method.template}
    }
    const version = schema.find('GET', '/version')!
    expect(version.derived(derive)).to.equal(version.derived(derive))
    expect(version.derived(derive).template).to.equal('/version')
    expect(schema.find('GET', '/nodes')!.derived(derive).template).to.equal('/nodes')
    expect(runs).to.equal(2)
  })
})
