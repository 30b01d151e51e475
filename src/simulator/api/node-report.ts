import type {Routes} from '../kernel/call.js'
import type {Json} from '../kernel/pve-error.js'

const PATH = '/nodes/{node}'

/** What a node says of itself when it is asked for everything. */
export const nodeReportRoutes: Routes = {
  [`GET ${PATH}/report`]({world, node}): Json {
    const {version, repoid} = world.meta.version
    const record = world.node(node)
    const guests = [...world.store.of('guests').values()].filter((guest) => guest.node === node)
    return [
      '',
      '==== general system info ====',
      '',
      '# hostname',
      node,
      '',
      '# pveversion --verbose',
      `pve-manager: ${version} (running version: ${version}/${repoid})`,
      '',
      '# cat /etc/hosts',
      '127.0.0.1 localhost',
      ...world.members().map(({ip, node: name}) => `${ip} ${name}`),
      '',
      '==== overall system load info ====',
      '',
      `cores: ${record.sockets * record.cores}, memory: ${record.memoryBytes}`,
      '',
      '==== info about storage ====',
      '',
      ...[...world.store.of('storages').values()].map(({storage, type}) => `${type}: ${storage}`),
      '',
      '==== info about virtual guests ====',
      '',
      ...guests.map(({type, vmid, run}) => `${type} ${vmid} ${run ? 'running' : 'stopped'}`),
      '',
    ].join('\n')
  },
}
