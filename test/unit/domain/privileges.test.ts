import {expect} from 'chai'
import {hasOnNode} from '../../../src/domain/privileges.js'

describe('privileges on nodes', () => {
  for (const [title, permissions, expected] of [
    ['nothing granted', {}, false],
    ['handed down from /nodes', {'/nodes': {'Sys.Audit': 1}}, true],
    ['the same, as text', {'/nodes': {'Sys.Audit': '1'}}, true],
    ['granted on /nodes alone', {'/nodes': {'Sys.Audit': 0}}, false],
    ['granted on the node', {'/nodes': {}, '/nodes/pve1': {'Sys.Audit': 0}}, true],
    ['other rules for the node', {'/nodes': {'Sys.Audit': 1}, '/nodes/pve1': {'Sys.Console': 1}}, false],
    ['rules for another node', {'/nodes/pve2': {'Sys.Audit': 1}}, false],
  ] as const) {
    it(title, () => {
      expect(hasOnNode(permissions, 'pve1', 'Sys.Audit')).to.equal(expected)
    })
  }
})
