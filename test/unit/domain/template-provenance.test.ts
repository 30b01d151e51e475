import {expect} from 'chai'

import {readProvenance, withProvenance, type Provenance} from '../../../src/domain/template-provenance.js'

const provenance: Provenance = {
  image: 'ubuntu-24.04',
  vmid: 9000,
  builtAt: '2026-02-03T04:05:06.000Z',
  checksum: `sha256:${'a'.repeat(64)}`,
  url: 'https://cloud-images.ubuntu.com/a.img?x=y',
}

describe('what a template was built from', () => {
  it('is read from its notes as it was written', () => {
    expect(readProvenance(withProvenance(undefined, provenance))).to.deep.equal(provenance)
    const replaced = {...provenance, replacedAt: '2026-03-03T04:05:06.000Z'}
    expect(readProvenance(withProvenance('', replaced))).to.deep.equal(replaced)
  })

  it('leaves what else is in the notes, and stands in them once', () => {
    const notes = withProvenance('Ours.\nAsk Ann.\n', provenance)
    const again = withProvenance(`${notes}\n\nMore.`, {...provenance, vmid: 9001})
    expect(again.match(/homelab-template:/g)).to.have.length(1)
    expect(again).to.match(/^Ours\.\nAsk Ann\.\n\nhomelab-template: .*\n\nMore\.$/)
    expect(readProvenance(again)?.vmid).to.equal(9001)
  })

  it('is not in notes that say something else, or only half of it', () => {
    expect(readProvenance(undefined)).to.equal(undefined)
    expect(readProvenance('Built by hand')).to.equal(undefined)
    expect(readProvenance('homelab-template: image=a vmid=1 checksum=sha256:aa url=x')).to.equal(undefined)
    expect(readProvenance('homelab-template: image=a vmid=x built=2026-01-01 checksum=c url=x')).to.equal(undefined)
    expect(readProvenance('homelab-template: image=a vmid=1 built=soon checksum=c url=x')).to.equal(undefined)
  })
})
