import {expect} from 'chai'

import type {Guest} from '../../../src/domain/guest.js'
import {parseSelector} from '../../../src/domain/selector.js'

const web: Guest = {
  vmid: 101,
  name: 'web',
  type: 'qemu',
  node: 'pve1',
  status: 'running',
  template: false,
  tags: ['dev', 'www'],
}
const db: Guest = {...web, vmid: 102, name: 'db', status: 'stopped', tags: [], pool: 'prod'}

function chosen(...texts: string[]): (string | undefined)[] {
  return [web, db].filter(parseSelector(texts)._unsafeUnwrap()).map((guest) => guest.name)
}

describe('selector', () => {
  it('compares each key', () => {
    expect(chosen('name=web')).to.deep.equal(['web'])
    expect(chosen('vmid=102')).to.deep.equal(['db'])
    expect(chosen('tag=www')).to.deep.equal(['web'])
    expect(chosen('pool=prod')).to.deep.equal(['db'])
    expect(chosen('type=vm')).to.deep.equal(['web', 'db'])
    expect(chosen('template=no')).to.deep.equal(['web', 'db'])
  })

  it('takes a guest without the field for different', () => {
    expect(chosen('pool!=prod')).to.deep.equal(['web'])
    expect(chosen('tag!=dev')).to.deep.equal(['db'])
  })

  it('joins terms by and, selectors by or', () => {
    expect(chosen('tag=dev,status=running')).to.deep.equal(['web'])
    expect(chosen('tag=dev,status=stopped')).to.deep.equal([])
    expect(chosen('status=stopped', 'tag=dev')).to.deep.equal(['web', 'db'])
  })

  it('matches regular expressions', () => {
    expect(chosen('name~^d')).to.deep.equal(['db'])
  })

  for (const bad of ['web', 'size=3', 'name~(', '']) {
    it(`refuses "${bad}" and names the keys`, () => {
      const failed = parseSelector([bad])._unsafeUnwrapErr()
      expect(failed.kind).to.equal('usage')
      expect(failed.hint).to.contain('name, vmid, type, tag')
    })
  }
})
