import type {ClusterHealth} from '../../services/cluster-health-service.js'
import type {QuorumDevice} from '../../domain/vote-count.js'
import type {ClusterOverview, NodeOverview} from '../../services/cluster-service.js'
import type {Column} from './columns.js'
import {asBytes, asPercent, asUptime} from './human.js'
import {renderTable} from './table.js'

const columns: readonly Column<NodeOverview>[] = [
  {key: 'node'},
  {key: 'status'},
  {key: 'version'},
  {key: 'loadAverage', header: 'LOAD', format: (value) => (value as number[]).join(' ')},
  {key: 'cpuUsage', header: 'CPU', format: asPercent, align: 'right'},
  {key: 'memoryUsedBytes', header: 'MEMORY USED', format: asBytes, align: 'right'},
  {key: 'memoryBytes', header: 'MEMORY', format: asBytes, align: 'right'},
  {key: 'uptimeSeconds', header: 'UPTIME', format: asUptime, align: 'right'},
  {
    key: 'storages',
    header: 'STORAGE',
    format: (value) =>
      (value as NodeOverview['storages'])
        .map(
          ({storage, usedBytes, totalBytes}) =>
            `${storage} ${asPercent(totalBytes === 0 ? 0 : usedBytes / totalBytes)}`,
        )
        .join(', '),
  },
]

/**
 * What people see of a cluster: a line on the quorum, a table of the nodes, and what they should know.
 * @param maxWidth of the table, in terminal cells
 */
export function clusterStatusText(overview: ClusterHealth, maxWidth?: number): string {
  const head = overview.standalone
    ? 'standalone server, no cluster'
    : `cluster ${overview.name ?? ''}: ${quorum(overview)}`
  const {ceph, ha, quorumDevice, remarks} = overview
  const more = [
    ...(quorumDevice === undefined ? [] : [deviceText(quorumDevice)]),
    ...(ha === undefined ? [] : [`high availability: ${ha.services.length} guests, master ${ha.master ?? 'none'}`]),
    ...(ceph === undefined ? [] : [`Ceph: ${ceph}`]),
    ...remarks.map((remark) => `! ${remark}`),
  ]
  const table = renderTable(overview.nodes, columns, {
    header: true,
    ...(maxWidth !== undefined && {maxWidth}),
  }).trimEnd()
  return [head, '', table, ...(more.length > 0 ? ['', ...more] : [])].join('\n')
}

/** `quorum device 192.0.2.9:5403: connected, 1 vote (Fifty-Fifty split)` */
function deviceText({algorithm, connected, host, state, votes}: QuorumDevice): string {
  const name = host === undefined ? 'quorum device' : `quorum device ${host}`
  const how = algorithm === undefined ? '' : ` (${algorithm})`
  return `${name}: ${connected ? 'connected' : state}, ${votes} ${votes === 1 ? 'vote' : 'votes'}${how}`
}

function quorum({quorate, votes}: ClusterOverview): string {
  const state = quorate ? 'quorate' : 'NO QUORUM, nothing can be changed'
  return votes === undefined ? state : `${state}, ${votes.online} of ${votes.total} votes (${votes.needed} needed)`
}
