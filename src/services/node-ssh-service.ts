import {err, errAsync, ok, type ResultAsync} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import type {SshTarget} from '../domain/ssh-command.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'

/** How the nodes are reached with OpenSSH; from the configuration of the context. */
export interface NodeSshSettings {
  readonly user?: string
  readonly port?: number
  readonly identityFile?: string
  /** Names or addresses by node, where the cluster's own are not for us. */
  readonly hosts?: Readonly<Record<string, string>>
}

/** Finds the way to a node's own shell, for what the API cannot do. */
export class NodeSshService {
  constructor(
    private readonly cluster: Pick<ClusterRepository, 'status'>,
    private readonly settings: NodeSshSettings = {},
  ) {}

  /**
   * Where the HA manager can be told that a node is under maintenance.
   * @returns what `target` does, and `refused` for a server without others that its guests could move to
   */
  maintenanceTarget(node: string): ResultAsync<SshTarget & {readonly user: string}, Failure> {
    return this.cluster.status().andThen(({members}) =>
      members.length === 1 && members[0]?.node === node
        ? errAsync(
            failure('refused', `${node} stands alone: high availability has nowhere to move its guests to`, {
              hint: 'Shut them down instead: homelab proxmox vm shutdown --all, homelab proxmox lxc shutdown --all',
              details: {node},
            }),
          )
        : this.target(node),
    )
  }

  /**
   * Where ssh reaches a node: as the configuration says, else the address by which the cluster knows it, as root.
   * @returns `not-found` where nobody knows an address, `node-offline` for one that the cluster does not reach either
   */
  target(node: string): ResultAsync<SshTarget & {readonly user: string}, Failure> {
    const {hosts = {}, identityFile, port, user = 'root'} = this.settings
    const configured = Object.hasOwn(hosts, node) ? hosts[node] : undefined
    return this.cluster.status().andThen(({members}) => {
      const member = members.find((each) => each.node === node)
      if (member === undefined) {
        const hint = `Nodes: ${members.map((each) => each.node).join(', ')}`
        return err(failure('not-found', `there is no node "${node}"`, {hint, details: {node}}))
      }

      const host = configured ?? member.ip
      if (!member.online) {
        return err(failure('node-offline', `the node ${node} is offline`, {details: {node}}))
      }

      if (host === undefined) {
        return err(
          failure('not-found', `Proxmox VE does not tell an address of the node ${node}`, {
            hint: `Name one in the configuration of the context: ssh: {hosts: {${node}: ADDRESS}}`,
            details: {node},
          }),
        )
      }

      return ok({
        host,
        user,
        ...(port !== undefined && {port}),
        ...(identityFile !== undefined && {identityFile}),
      })
    })
  }
}
