import {expect} from 'chai'
import {editTags, readTags} from '../../../src/domain/tags.js'

describe('tags', () => {
  it('are read from words and lists, each once', () => {
    expect(readTags(['prod,backup', 'prod', 'a;b c'])._unsafeUnwrap()).to.deep.equal(['prod', 'backup', 'a', 'b', 'c'])
  })

  for (const bad of ['-prod', '.x', 'prod!', 'größe', 'a/b', '']) {
    it(`are not ${JSON.stringify(bad)}`, () => {
      const refused = readTags([bad])._unsafeUnwrapErr()
      expect(refused.kind).to.equal('usage')
      expect(refused.hint).to.be.a('string')
    })
  }

  it('keep their order, and none comes twice', () => {
    const now = ['web', 'prod', 'old']
    expect(editTags(now, {kind: 'add', tags: ['prod', 'new']})).to.deep.equal(['web', 'prod', 'old', 'new'])
    expect(editTags(now, {kind: 'remove', tags: ['old', 'never']})).to.deep.equal(['web', 'prod'])
    expect(editTags(now, {kind: 'set', tags: ['one']})).to.deep.equal(['one'])
    expect(editTags(now, {kind: 'rename', from: 'prod', to: 'live'})).to.deep.equal(['web', 'live', 'old'])
    expect(editTags(now, {kind: 'rename', from: 'old', to: 'web'})).to.deep.equal(['web', 'prod'])
    expect(editTags(now, {kind: 'rename', from: 'never', to: 'web'})).to.deep.equal(now)
  })

  it('are found in another case only where none has the same', () => {
    expect(editTags(['prod'], {kind: 'remove', tags: ['Prod']})).to.deep.equal([])
    expect(editTags(['prod', 'Prod'], {kind: 'remove', tags: ['Prod']})).to.deep.equal(['prod'])
  })
})
