import type {ResultAsync} from 'neverthrow'
import * as z from 'zod/mini'
import type {Failure} from '../domain/failure.js'
import type {Connection} from '../proxmox/connection.js'
import {ask} from './reply.js'

/** Nodes as machines that are switched. */
export class NodePowerRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  /** The answer comes at once, the node acts two seconds later; `POST /nodes/{node}/status` (needs Sys.PowerMgmt). */
  command(node: string, command: 'reboot' | 'shutdown'): ResultAsync<void, Failure> {
    return ask(
      `${command} node ${node}`,
      () => this.connection.api.nodes.$(node).status.$post({command}),
      z.unknown(),
    ).map(() => undefined)
  }

  /** Sends a packet, which nobody answers; the MAC address it goes to. `POST /nodes/{node}/wakeonlan` (needs Sys.PowerMgmt) */
  wake(node: string): ResultAsync<string, Failure> {
    return ask(`wake node ${node}`, () => this.connection.api.nodes.$(node).wakeonlan.$post(), z.string())
  }
}
