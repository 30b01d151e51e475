import {expect} from 'chai'

import type {TestCluster} from './cluster.js'

/** Commands on guests, one after the other, and what the simulated cluster holds after them. */
export function stepsOn(cluster: () => TestCluster) {
  const run = async (...argv: string[]) => {
    const {json, exitCode} = await cluster().run(['proxmox', ...argv, '--json'])
    return {exitCode, result: json()}
  }

  return {
    run,
    /** A command that has to succeed: its result. */
    async done(...argv: string[]) {
      const {exitCode, result} = await run(...argv)
      expect(exitCode, `${argv.join(' ')}: ${JSON.stringify(result)}`).to.equal(0)
      return result
    },
    /** A command that has to end with this exit code before it has sent anything but reads: its error. */
    async refused(exitCode: number, ...argv: string[]) {
      cluster().requests.length = 0
      const outcome = await run(...argv)
      expect(outcome.exitCode, `${argv.join(' ')}: ${JSON.stringify(outcome.result)}`).to.equal(exitCode)
      expect(cluster().requests.filter(({method}) => method !== 'GET')).to.deep.equal([])
      return outcome.result.error
    },
    config: (vmid: number) => cluster().simulator.world.store.of('guests').get(vmid)!.config,
    volumes: (vmid: number) =>
      [...cluster().simulator.world.store.of('volumes').values()].filter((volume) => volume.vmid === vmid),
  }
}
