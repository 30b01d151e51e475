import {expect} from 'chai'

import type {ClusterResources} from '../../../src/domain/cluster.js'
import type {Guest} from '../../../src/domain/guest.js'
import {nameTaken, servedBy, templateSpots} from '../../../src/services/template-spots.js'
import {datedName} from '../../../src/services/template-succession.js'

function guest(vmid: number, name: string, node: string, template = true): Guest {
  return {vmid, name, node, template, type: 'qemu', status: 'stopped', tags: []}
}

const on = (storage: string, nodes: readonly string[], shared: boolean, content: readonly string[]) =>
  nodes.map((node) => ({storage, node, shared, content, available: true}))
const resources: ClusterResources = {
  nodes: ['pve10', 'pve2', 'pve1', 'pve3'].map((node) => ({
    node,
    status: node === 'pve3' ? ('offline' as const) : ('online' as const),
  })),
  guests: [],
  storages: [
    ...on('local', ['pve1', 'pve2', 'pve10'], false, ['images']),
    ...on('nas', ['pve2', 'pve10'], true, ['images']),
    ...on('files', ['pve10'], false, ['import']),
  ],
}
const layers = (storage?: string, nodeDefaults = {}) => ({
  asked: storage === undefined ? {} : {storage},
  nodeDefaults,
  defaults: {},
})

describe('where templates are built', () => {
  const spots = (nodes: 'all' | string[], from = layers('local')) =>
    templateSpots({name: 'x', nodes, layers: from}, resources).match(
      (found) => found.map(({node, serves}) => `${node}: ${serves.join(' ')}`),
      ({kind, message}) => `${kind}: ${message}`,
    )

  it('is each node of those that are up, or each that is named, once', () => {
    expect(spots('all')).to.deep.equal(['pve1: pve1', 'pve2: pve2', 'pve10: pve10'])
    expect(spots(['pve2', 'pve2'])).to.deep.equal(['pve2: pve2'])
  })

  it('is one of the nodes with the same shared storage, preferably one that can take the image', () => {
    expect(spots(['pve2', 'pve10'], layers('nas'))).to.deep.equal(['pve10: pve2 pve10'])
    const mixed = layers(undefined, {pve1: {storage: 'local'}, pve2: {storage: 'nas'}, pve10: {storage: 'nas'}})
    expect(spots('all', mixed)).to.deep.equal(['pve1: pve1', 'pve10: pve2 pve10'])
    expect(servedBy('pve2', 'nas', resources)).to.deep.equal(['pve2', 'pve10'])
  })

  it('is no node that is down or unknown, nor one whose storage nobody has chosen', () => {
    expect(spots(['pve3'])).to.contain('node-offline: ')
    expect(spots(['pve9'])).to.contain('not-found: there is no node "pve9"')
    expect(spots(['pve2'], layers())).to.contain('usage: several storages on pve2')
  })
})

describe('the name of a template', () => {
  const taken = (nodes: readonly string[] | undefined, guests: readonly Guest[]) =>
    nameTaken(
      'x',
      nodes?.map((node) => ({node, serves: [node]})),
      guests,
    ).match(
      () => 'free',
      ({hint, message}) => `${message} | ${hint}`,
    )

  it('may be borne by twins on other nodes only', () => {
    expect(taken(['pve1'], [guest(9000, 'x', 'pve2')])).to.equal('free')
    expect(taken(['pve1', 'pve2'], [guest(9000, 'x', 'pve2')]))
      .to.contain('VM 9000 on pve2')
      .and.to.contain('--nodes pve1;')
    expect(taken(undefined, [guest(9000, 'x', 'pve2')])).to.contain('--nodes NODE')
    expect(taken(['pve1'], [guest(100, 'x', 'pve2', false)])).to.contain('is no template of a VM')
    expect(taken(['pve1'], [guest(100, 'y', 'pve1')])).to.equal('free')
  })

  it('that was replaced has the date of its build, and a number where that is taken', () => {
    const at = '2026-02-03T04:05:06.000Z'
    expect(datedName('ubuntu-24.04', at, [])).to.equal('ubuntu-24.04-20260203')
    const taken = [{name: 'ubuntu-24.04-20260203'}, {name: 'ubuntu-24.04-20260203-2'}]
    expect(datedName('ubuntu-24.04', at, taken)).to.equal('ubuntu-24.04-20260203-3')
    expect(datedName('a'.repeat(63), at, [])).to.equal(`${'a'.repeat(50)}-20260203`)
  })
})
