import {expect} from 'chai'
import {okAsync} from 'neverthrow'
import {CloudInitService} from '../../../src/services/cloud-init-service.js'
import {ReleaseGate} from '../../../src/services/release-gate.js'

describe('CloudInitService', () => {
  const serviceOn = (version: string) =>
    new CloudInitService(
      {} as never,
      {} as never,
      {} as never,
      new ReleaseGate({version: () => okAsync(version)} as never),
    )

  it('refuses what the release does not have', async () => {
    const refused = await serviceOn('7.4-3').check({upgrade: false}, undefined)
    expect(refused._unsafeUnwrapErr()).to.include({kind: 'not-supported'})
    expect((await serviceOn('7.4-3').check({user: 'admin'}, undefined)).isOk()).to.equal(true)
    expect((await serviceOn('8.4.1').check({upgrade: false}, undefined)).isOk()).to.equal(true)
  })
})
