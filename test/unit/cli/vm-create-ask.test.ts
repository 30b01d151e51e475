import {expect} from 'chai'

import {mergeVmAsks, vmRequest, type VmAsk, type VmAskSurroundings} from '../../../src/cli/vm-create-ask.js'
import {askOfFlags} from '../../../src/cli/vm-create-flags.js'

const GIB = 2 ** 30
const around: VmAskSurroundings = {
  context: {defaults: {}, nodes: {}},
  options: {},
  cloudInit: {},
  waitFor: [],
}
const request = (ask: VmAsk, more: Partial<VmAskSurroundings> = {}) =>
  vmRequest({name: 'web', ...ask}, {...around, ...more})
const wrong = (ask: VmAsk, more: Partial<VmAskSurroundings> = {}) => request(ask, more)._unsafeUnwrapErr()

const flags = {
  empty: false,
  linked: false,
  node: 'auto',
  start: false,
  'rm-on-failure': false,
  tpm: false,
  'ssh-key-agent': false,
  'password-stdin': false,
}

describe('what a command line and a file say of a VM', () => {
  it('is what was typed, and nothing else', () => {
    expect(askOfFlags({}, flags)).to.deep.equal({})
    const typed = {...flags, start: true, 'on-boot': false, boot: 'scsi0,net0', tag: ['a'], 'disk-size': GIB, node: 'n'}
    expect(askOfFlags({name: 'web', template: 't'}, typed)).to.deep.equal({
      name: 'web',
      template: 't',
      start: true,
      onBoot: false,
      boot: ['scsi0', 'net0'],
      tags: ['a'],
      diskSize: GIB,
      node: 'n',
    })
  })

  it('is first what was typed; a source that was typed replaces that of the file', () => {
    const file: VmAsk = {name: 'a', iso: 'local:iso/a.iso', cores: 2, memory: GIB}
    expect(mergeVmAsks({cores: 4}, file)).to.deep.equal({...file, cores: 4})
    expect(mergeVmAsks({template: 't'}, file)).to.deep.equal({name: 'a', template: 't', cores: 2, memory: GIB})
    expect(request(mergeVmAsks({empty: true}, file))._unsafeUnwrap().source).to.deep.equal({kind: 'empty'})
  })

  it('names one source, or that of the class', () => {
    expect(request({template: 't', linked: true})._unsafeUnwrap().source).to.deep.equal({
      kind: 'template',
      template: 't',
      linked: true,
    })
    const machineClass = {template: 'talos'}
    expect(request({}, {machineClass})._unsafeUnwrap().source).to.deep.include({template: 'talos'})
    expect(request({empty: true}, {machineClass})._unsafeUnwrap().source).to.deep.equal({kind: 'empty'})
    const image = request({}, {machineClass: {image: 'local:import/a.raw'}})._unsafeUnwrap().source
    expect(image).to.deep.equal({kind: 'image', image: {kind: 'volume', volume: 'local:import/a.raw'}})
    expect(wrong({template: 't', empty: true}).message).to.contain('TEMPLATE and --empty')
    expect(wrong({}).hint).to.contain('--iso')
    expect(wrong({iso: 'debian.iso'}).message).to.contain('not the volume of an ISO')
    expect(wrong({empty: true, linked: true}).message).to.equal('--linked goes with a template')
  })

  it('is bound to the node of its class', () => {
    const machineClass = {template: 't', node: 'pve2'}
    expect(request({class: 'big'}, {machineClass})._unsafeUnwrap()).to.include({node: 'pve2', boundBy: 'big'})
    expect(request({class: 'big', node: 'pve2'}, {machineClass})._unsafeUnwrap()).not.to.have.property('boundBy')
    expect(wrong({class: 'big', node: 'pve1'}, {machineClass}).message).to.contain('bound to pve2')
  })

  it('gives layers: asked, class, node, context', () => {
    const made = request(
      {empty: true, memory: GIB},
      {machineClass: {cores: 4}, context: {defaults: {storage: 'a'}, nodes: {n: {storage: 'b'}}}},
    )._unsafeUnwrap()
    expect(made.layers).to.deep.equal({
      asked: {memoryBytes: GIB},
      machineClass: {cores: 4},
      defaults: {storage: 'a'},
      nodeDefaults: {n: {storage: 'b'}},
    })
  })

  it('turns words into hardware', () => {
    const hardware = (ask: VmAsk) => request({empty: true, ...ask})._unsafeUnwrap().hardware
    expect(hardware({balloon: 'off'})).to.include({balloonBytes: 0})
    expect(hardware({balloon: '1GiB'})).to.include({balloonBytes: GIB})
    expect(hardware({startup: '2'})).to.include({startup: 'order=2'})
    expect(hardware({disks: ['none'], nets: ['none']})).to.deep.include({diskless: true, netless: true, disks: []})
    expect(hardware({disks: ['lvm:8GiB'], nets: ['vmbr1']})).not.to.have.any.keys('diskless', 'netless')
    expect(hardware({options: {kvm: false, hotplug: 'disk'}}).others).to.deep.equal({kvm: '0', hotplug: 'disk'})
  })

  it('is refused, with the flag, where a word makes no sense', () => {
    const refused = (ask: VmAsk) => wrong({empty: true, ...ask})
    expect(refused({balloon: 'much'}).message).to.contain('--balloon')
    expect(refused({startup: 'soon'}).details).to.deep.equal({field: 'startup', value: 'soon'})
    expect(refused({disks: ['lvm:8GiB,sdd']}).hint).to.contain('ssd')
    expect(refused({options: {name: 'x'}}).message).to.equal('name cannot be set this way')
    expect(vmRequest({empty: true}, around)._unsafeUnwrapErr().message).to.contain('name of the VM')
  })

  it('knows root from everybody else', () => {
    const asked = (login: VmAskSurroundings['context']['login']) =>
      request({empty: true}, {context: {defaults: {}, nodes: {}, ...(login !== undefined && {login})}})._unsafeUnwrap()
    expect(asked({kind: 'password', username: 'root@pam'}).rootLogin).to.equal(true)
    expect(asked({kind: 'password', username: 'ops@pve'}).rootLogin).to.equal(false)
    expect(asked({kind: 'token', id: 'root@pam!x', secret: {kind: 'env', variable: 'X'}}).rootLogin).to.equal(false)
  })
})
