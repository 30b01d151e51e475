import {expect} from 'chai'

import {containerRequest, mergeContainerAsks, type ContainerAsk} from '../../../src/cli/container-create-ask.js'
import type {AskSurroundings} from '../../../src/cli/guest-create-ask.js'
import {Secret} from '../../../src/domain/secret.js'

const around: AskSurroundings = {context: {defaults: {}, nodes: {}}, waitFor: []}
const request = (ask: ContainerAsk, more: Partial<AskSurroundings> = {}) =>
  containerRequest({name: 'web', template: 'debian-12', ...ask}, {...around, ...more})

describe('what a command line and a file say of a container', () => {
  it('replaces a source, NICs in full and the root disk of the file as a whole', () => {
    const file: ContainerAsk = {template: 'a', linked: true, ip: 'dhcp', vlan: '5', diskSize: 1, cores: 2, memory: 3}
    expect(mergeContainerAsks({}, file)).to.deep.equal(file)
    expect(mergeContainerAsks({oci: 'b', memory: 4}, file)).to.deep.equal({
      ...{oci: 'b', linked: true, ip: 'dhcp', vlan: '5', diskSize: 1, cores: 2, memory: 4},
    })
    expect(mergeContainerAsks({nets: ['none'], rootfs: 'r'}, file)).to.deep.equal({
      ...{template: 'a', linked: true, nets: ['none'], rootfs: 'r', cores: 2, memory: 3},
    })
    expect(mergeContainerAsks({cores: undefined}, file)).to.deep.equal(file)
  })

  it('tells files, images and names apart', () => {
    const source = (ask: ContainerAsk) =>
      containerRequest({name: 'web', ...ask}, around)
        .map((one) => one.source)
        ._unsafeUnwrap()
    expect(source({template: 'debian-12'})).to.deep.equal({kind: 'appliance', name: 'debian-12', linked: false})
    expect(source({template: 'local:vztmpl/a.tar.zst'})).to.deep.equal({
      kind: 'volume',
      volume: 'local:vztmpl/a.tar.zst',
    })
    expect(source({oci: 'docker://docker.io/nginx:1'})).to.deep.equal({kind: 'oci', reference: 'docker.io/nginx:1'})
  })

  it('describes one NIC in short, or any number in full', () => {
    const short = request({ip: '192.0.2.5/24', gateway: '192.0.2.1', vlan: '20', firewall: true})._unsafeUnwrap()
    expect(Object.fromEntries(short.setup.net)).to.deep.equal({
      ip: '192.0.2.5/24',
      gw: '192.0.2.1',
      tag: '20',
      firewall: '1',
    })
    const full = request({nets: ['ip=dhcp'], bridge: 'vmbr1'})._unsafeUnwrap()
    expect(full.setup.nets).to.have.length(1)
    expect(full.layers.asked).to.deep.equal({bridge: 'vmbr1'})
    expect(request({nets: ['none']})._unsafeUnwrap().setup.netless).to.equal(true)
    for (const nets of [['ip=dhcp'], ['none']])
      expect(request({nets, ip: 'dhcp'})._unsafeUnwrapErr().message).to.contain('describe the same NIC')
  })

  it('names what is wrong', () => {
    const wrong = (ask: ContainerAsk, more: Partial<AskSurroundings> = {}) =>
      request(ask, more)._unsafeUnwrapErr().message
    expect(wrong({oci: 'a:1'})).to.contain('both a template')
    expect(wrong({template: 'local:vztmpl/a', linked: true})).to.contain('--linked goes with')
    expect(wrong({features: ['nesting']})).to.contain('--feature: "nesting=1"')
    expect(wrong({mounts: ['nas:8']})).to.contain('does not say where')
    expect(wrong({startup: 'soon'})).to.contain('--startup')
    expect(wrong({}, {password: new Secret('four')})).to.contain('too short')
    expect(wrong({node: 'b', class: 'c'}, {machineClass: {node: 'a'}})).to.contain('bound to a')
    const nameless = containerRequest({template: 'a'}, around)._unsafeUnwrapErr()
    expect(nameless.message).to.contain('the name of the container')
  })
})
