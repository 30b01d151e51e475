import {ListCommand} from '../../../cli/list-command.js'
import {nodeArgument, nodeOf, type NodeArgument} from '../../../cli/node-argument.js'
import {asTime} from '../../../cli/output/human.js'
import {nodeInfo} from '../../../cli/wiring/node-info.js'
import type {NodeCertificate} from '../../../domain/node-info.js'

const asList = (value: unknown): string => (value as readonly string[]).join(',')

export default class NodeCertificates extends ListCommand<NodeCertificate, unknown, NodeArgument> {
  static override summary = 'List the certificates of a node: for whom, by whom, until when.'
  static override description =
    'Port 8006 shows pveproxy-ssl.pem where there is one, else pve-ssl.pem; its fingerprint is what is pinned.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> pve1',
    "<%= config.bin %> <%= command.id %> pve1 --jq '.[] | select(.daysLeft < 30) | .file'",
  ]
  static override args = nodeArgument

  protected override readonly nameKey = 'file'
  protected readonly noun = 'certificates'
  protected readonly columns = [
    {key: 'node', default: false},
    {key: 'file'},
    {key: 'subject'},
    {key: 'issuer', default: false},
    {key: 'names', format: asList, default: false},
    {key: 'notBefore', format: asTime, default: false},
    {key: 'notAfter', header: 'VALID UNTIL', format: asTime},
    {key: 'daysLeft', align: 'right' as const},
    {key: 'keyType', default: false},
    {key: 'keyBits', default: false},
    {key: 'fingerprint'},
  ]

  protected async fetch(_flags: unknown, args: NodeArgument) {
    const node = this.unwrap(await this.use(nodeOf(args)))
    const nodes = await this.use(nodeInfo)
    return nodes.certificates(node)
  }
}
