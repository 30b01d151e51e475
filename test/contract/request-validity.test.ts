import {expect} from 'chai'
import {PVE_VERSIONS} from '../../src/schema/schema.js'
import {assertValidRequest, requestProblems} from './request-validity.js'

describe('assertValidRequest', () => {
  it('accepts what every version takes', () => {
    for (const version of PVE_VERSIONS) {
      assertValidRequest(version, 'GET', '/cluster/resources', {type: 'vm'})
      assertValidRequest(version, 'POST', '/nodes/pve1/qemu/9000/clone', {newid: 105, name: 'web', full: true})
      assertValidRequest(version, 'PUT', '/nodes/pve1/qemu/105/config', {
        delete: 'net1,net2',
        net0: 'virtio,bridge=vmbr0',
      })
      assertValidRequest(version, 'DELETE', '/nodes/pve1/storage/local/content/local%3Aiso%2Fdebian.iso')
    }
  })

  it('names the version, the request and each wrong parameter', () => {
    expect(
      requestProblems('8.4', {method: 'POST', path: '/nodes/pve1/qemu/9000/clone', params: {newid: 5, size: 1}}),
    ).to.deep.equal([
      'POST /nodes/pve1/qemu/9000/clone on 8.4: newid: invalid format - value does not look like a valid VM ID',
      'POST /nodes/pve1/qemu/9000/clone on 8.4: size: property is not defined in schema and the schema does not allow additional properties',
    ])
    expect(() => assertValidRequest('8.4', 'GET', '/cluster/nope')).to.throw('GET /cluster/nope on 8.4: no such method')
  })

  it('knows what came and went between versions', () => {
    const exec = {method: 'POST', path: '/nodes/pve1/qemu/100/agent/exec', params: {command: ['ls', '-l']}}
    expect(requestProblems('7.4', exec)).to.have.length(1)
    expect(requestProblems('9.2', exec)).to.deep.equal([])
    expect(requestProblems('7.4', {method: 'GET', path: '/cluster/ha/rules'})).to.deep.equal([
      'GET /cluster/ha/rules on 7.4: no such method',
    ])
    expect(
      requestProblems('7.4', {method: 'PUT', path: '/nodes/n/qemu/100/config', params: {delete: ['net0', 'net1']}}),
    ).to.have.length(1)
    expect(
      requestProblems('8.4', {method: 'PUT', path: '/nodes/n/qemu/100/config', params: {delete: ['net0', 'net1']}}),
    ).to.deep.equal([])
  })

  it('refuses a query in the path, which it could not check', () => {
    expect(requestProblems('8.4', {method: 'GET', path: '/cluster/resources?type=vm'})).to.have.length(1)
  })
})
