import {expect} from 'chai'
import {loadSchema, type PveVersion} from '../../../src/schema/schema.js'
import {mergeParameters, type RawParams, validateParameters} from '../../../src/simulator/front-door/validate.js'

const schemas = {'7.4': loadSchema('7.4'), '8.4': loadSchema('8.4'), '9.2': loadSchema('9.2')}

function validate(version: PveVersion, method: string, template: string, raw: RawParams) {
  const found = schemas[version].find(method, template)
  if (found === undefined) throw new Error(`no ${method} ${template}`)
  return validateParameters(found, raw)
}

function errorsOf(version: PveVersion, method: string, template: string, raw: RawParams): Record<string, string> {
  const result = validate(version, method, template, raw)
  return result.ok ? {} : {...result.errors}
}

function paramsOf(version: PveVersion, method: string, template: string, raw: RawParams): Record<string, unknown> {
  const result = validate(version, method, template, raw)
  if (!result.ok) throw new Error(JSON.stringify(result.errors))
  return {...result.params}
}

const CREATE = '/nodes/{node}/qemu'
const CONFIG = '/nodes/{node}/qemu/{vmid}/config'
const vm = {node: 'pve1', vmid: '100'}
const UNKNOWN = 'property is not defined in schema and the schema does not allow additional properties'
const MISSING = 'property is missing and it is not optional'

describe('validateParameters', () => {
  it('gives handlers numbers for integers, numbers and booleans, arrays for arrays, and text for the rest', () => {
    expect(
      paramsOf('8.4', 'POST', CREATE, {
        ...vm,
        cores: '2',
        onboot: '1',
        kvm: false,
        cpulimit: '0.5',
        memory: 2048,
        name: '100',
      }),
    ).to.deep.equal({node: 'pve1', vmid: 100, cores: 2, onboot: 1, kvm: 0, cpulimit: 0.5, memory: '2048', name: '100'})
    expect(paramsOf('8.4', 'POST', '/nodes/{node}/qemu/{vmid}/agent/exec', {...vm, command: 'ls'})).to.deep.include({
      command: ['ls'],
    })
    expect(paramsOf('9.2', 'POST', '/cluster/bulk-action/guest/start', {vms: ['100', '101']})).to.deep.equal({
      vms: [100, 101],
    })
  })

  it('joins a repeated key for a list in text, since 8', () => {
    const raw = {...vm, delete: ['net0', 'net1']}
    expect(paramsOf('8.4', 'PUT', CONFIG, raw)).to.include({delete: 'net0,net1'})
    expect(errorsOf('7.4', 'PUT', CONFIG, raw)).to.deep.equal({delete: "type check ('string') failed - got ARRAY"})
  })

  it('refuses JSON values of the wrong kind by the names Perl has for them', () => {
    expect(
      errorsOf('8.4', 'PUT', CONFIG, {...vm, name: ['a'], cores: true, onboot: {on: 1}, sockets: 1.5}),
    ).to.deep.equal({
      name: "type check ('string') failed - got ARRAY",
      cores: "type check ('integer') failed - got JSON::PP::Boolean",
      onboot: "type check ('boolean') failed - got HASH",
      sockets: "type check ('integer') failed - got '1.5'",
    })
  })

  it('takes null for absent', () => {
    expect(errorsOf('8.4', 'POST', CREATE, {node: 'pve1', vmid: null, name: null, x: null})).to.deep.equal({
      vmid: MISSING,
      x: UNKNOWN,
    })
  })

  it('checks the items of arrays one by one', () => {
    expect(errorsOf('9.2', 'POST', '/cluster/bulk-action/guest/start', {vms: '100,101'})).to.deep.equal({
      'vms[0]': "type check ('integer') failed - got '100,101'",
    })
    expect(errorsOf('9.2', 'POST', '/cluster/bulk-action/guest/start', {vms: ['100', '7']})).to.deep.equal({
      'vms[1]': 'invalid format - value does not look like a valid VM ID\n',
    })
  })

  it('keeps indexed parameters to their ranges and to their plain spelling', () => {
    const wrong = {
      ...vm,
      net32: 'virtio',
      ide4: 'none',
      scsi01: 'none',
      'net[n]': 'virtio',
      hostpci16: 'host=01:00',
      mp0: 'x',
    }
    expect(errorsOf('8.4', 'PUT', CONFIG, wrong)).to.deep.equal({
      net32: UNKNOWN,
      ide4: UNKNOWN,
      scsi01: UNKNOWN,
      'net[n]': UNKNOWN,
      hostpci16: UNKNOWN,
      mp0: UNKNOWN,
    })
    const right = {
      ...vm,
      net31: 'virtio',
      ide3: 'none',
      scsi30: 'none',
      unused255: 'local:x',
      usb13: 'spice',
      sata5: 'none',
      virtio15: 'none',
    }
    expect(errorsOf('8.4', 'PUT', CONFIG, right)).to.deep.equal({})
  })

  it('says what a parameter requires in the words of its version', () => {
    const raw = {...vm, force: '1'}
    expect(errorsOf('8.4', 'POST', CREATE, raw)).to.deep.equal({
      archive: "missing property - 'force' requires this property",
    })
    expect(errorsOf('9.2', 'POST', CREATE, raw)).to.deep.equal({archive: "missing property required by 'force'"})
  })

  it('joins two texts about one parameter with a backslash and an n', () => {
    expect(errorsOf('9.2', 'POST', CREATE, {...vm, force: '1', unique: '1'})).to.deep.equal({
      archive: String.raw`missing property required by 'force'\nmissing property required by 'unique'`,
    })
  })

  it('accepts anything where nothing is declared, and refuses everything where the declaration is empty', () => {
    expect(errorsOf('8.4', 'GET', '/access/ticket', {x: '1'})).to.deep.equal({})
    expect(errorsOf('8.4', 'GET', '/version', {x: '1'})).to.deep.equal({x: UNKNOWN})
  })

  it('survives names that JavaScript objects have by themselves', () => {
    const raw = JSON.parse('{"__proto__": "1", "constructor": "2", "toString": "3"}') as RawParams
    const result = validate('8.4', 'GET', '/version', raw)
    expect(result.ok).to.equal(false)
    if (!result.ok) expect(Object.keys(result.errors)).to.have.members(['__proto__', 'constructor', 'toString'])
  })

  it('chooses the parameters of HA rules by their type', () => {
    const rules = '/cluster/ha/rules'
    const rule = {rule: 'r1', resources: 'vm:100'}
    expect(errorsOf('9.2', 'POST', rules, {...rule, type: 'node-affinity'})).to.deep.equal({nodes: MISSING})
    expect(errorsOf('9.2', 'POST', rules, {...rule, type: 'resource-affinity', affinity: 'positive'})).to.deep.equal({})
    expect(
      errorsOf('9.2', 'POST', rules, {...rule, type: 'resource-affinity', affinity: 'positive', nodes: 'a'}),
    ).to.deep.equal({
      nodes: UNKNOWN,
    })
    expect(errorsOf('9.2', 'POST', rules, {...rule, type: 'other'})).to.deep.equal({
      type: "value 'other' does not have a value in the enumeration 'node-affinity, resource-affinity'",
    })
    expect(errorsOf('9.2', 'PUT', '/cluster/ha/rules/{rule}', {rule: 'r1', comment: 'x'})).to.deep.equal({
      type: MISSING,
    })
  })

  it('knows what a fabric parameter is from the protocol', () => {
    const nodes = '/cluster/sdn/fabrics/node/{fabric_id}'
    const node = {fabric_id: 'f1', node_id: 'pve1', interfaces: 'name=eth0,hello_multiplier=5'}
    expect(errorsOf('9.2', 'POST', nodes, {...node, protocol: 'openfabric'})).to.deep.equal({})
    expect(errorsOf('9.2', 'POST', nodes, {...node, protocol: 'ospf'})).to.have.property('interfaces[0]')
  })

  it('counts characters, not bytes or code units', () => {
    const comment = '😀'.repeat(4096)
    const pool = '/cluster/ha/rules'
    const raw = {rule: 'r1', type: 'node-affinity', resources: 'vm:100', nodes: 'a'}
    expect(errorsOf('9.2', 'POST', pool, {...raw, comment})).to.deep.equal({})
    expect(errorsOf('9.2', 'POST', pool, {...raw, comment: `${comment}x`})).to.deep.equal({
      comment: 'value may only be 4096 characters long',
    })
  })

  it('answers at once to what makes a regular expression backtrack', () => {
    const reference = 'a'.repeat(5000)
    const raw = {node: 'n', storage: 'local', reference}
    expect(errorsOf('9.2', 'POST', '/nodes/{node}/storage/{storage}/oci-registry-pull', raw)).to.deep.equal({
      reference: 'value does not match the regex pattern',
    })
    expect(
      errorsOf('9.2', 'POST', '/nodes/{node}/storage/{storage}/oci-registry-pull', {
        ...raw,
        reference: 'docker.io/library/alp__ine:3.2-1',
      }),
    ).to.deep.equal({})
  }).timeout(1000)
})

describe('property strings', () => {
  const config = (raw: RawParams): Record<string, string> => errorsOf('8.4', 'PUT', CONFIG, {...vm, ...raw})

  it('accept words for booleans, aliases, and the model as a key', () => {
    expect(config({net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=yes,link_down=off'})).to.deep.equal({})
    expect(config({scsi0: 'volume=local:vm-100-disk-0,iothread=on'})).to.deep.equal({})
    expect(config({scsi0: 'local:vm-100-disk-0,backup=maybe'})).to.deep.equal({
      scsi0: "invalid format - format error\nscsi0.backup: type check ('boolean') failed - got 'maybe'\n",
    })
  })

  it('refuse keys given twice, values without a key, and keys without a value', () => {
    expect(config({net0: 'virtio,bridge=a,bridge=b'})).to.deep.equal({
      net0: 'invalid format - duplicate key in comma-separated list property: bridge\n',
    })
    expect(config({net0: 'virtio=BC:24:11:00:00:01,e1000=BC:24:11:00:00:02'})).to.deep.equal({
      net0: "invalid format - key alias 'model' is already defined\n",
    })
    expect(config({net0: 'virtio,e1000'})).to.deep.equal({
      net0: 'invalid format - duplicate key in comma-separated list property: model\n',
    })
    expect(config({ipconfig0: 'dhcp'})).to.deep.equal({
      ipconfig0: 'invalid format - value without key, but schema does not define a default key\n',
    })
    expect(config({net0: 'virtio,bridge='})).to.deep.equal({
      net0: 'invalid format - missing key in comma-separated list property\n',
    })
  })

  it('list all problems by name', () => {
    expect(config({ipconfig0: 'gw=10.0.0.1,ip6=x'})).to.deep.equal({
      ipconfig0:
        "invalid format - format error\nipconfig0.ip: missing property - 'ipconfig0.gw' requires this property\n" +
        'ipconfig0.ip6: invalid format - value does not look like a valid ipv6 network configuration\n\n',
    })
  })

  it('know the rules of a whole string', () => {
    expect(config({cpu: 'host'})).to.deep.equal({})
    expect(config({cpu: 'cputype=x86-64-v2-AES,flags=+aes;-pcid'})).to.deep.equal({})
    expect(errorsOf('7.4', 'PUT', CONFIG, {...vm, cpu: 'x86-64-v2-AES'})).to.have.property('cpu')
    expect(config({cpu: 'nonsense'})).to.deep.equal({
      cpu: "invalid format - Built-in cputype 'nonsense' is not defined (missing 'custom-' prefix?)\n",
    })
    expect(config({cpu: 'custom-mine'})).to.deep.equal({cpu: "invalid format - Custom cputype 'mine' not found\n"})
    const method = schemas['8.4'].find('PUT', CONFIG)!
    expect(
      validateParameters(method, {...vm, cpu: 'custom-mine'}, {customCpuModels: new Set(['custom-mine'])}).ok,
    ).to.equal(true)
    expect(
      errorsOf('8.4', 'POST', '/nodes/{node}/vzdump', {node: 'n', 'prune-backups': 'keep-all=1,keep-last=2'}),
    ).to.deep.equal({
      'prune-backups': 'invalid format - keep-all cannot be set together with other options.\n',
    })
    expect(
      errorsOf('8.4', 'POST', '/nodes/{node}/lxc', {...vm, ostemplate: 'local:x', net0: 'bridge=vmbr0'}),
    ).to.deep.equal({
      net0: 'invalid format - format error\nnet0.name: property is missing and it is not optional\n',
    })
  })
})

describe('mergeParameters', () => {
  it('lets a path parameter be given again only with its value', () => {
    const path = {node: 'pve1', vmid: '100'}
    expect(mergeParameters(path, {vmid: 100, name: 'x'})).to.deep.include({ok: true})
    expect(mergeParameters(path, {vmid: '101'})).to.deep.equal({
      ok: false,
      errors: {vmid: 'duplicate parameter (already defined in URI) with conflicting values!'},
    })
  })
})
