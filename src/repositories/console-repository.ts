import {errAsync, okAsync, type ResultAsync} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel} from '../domain/guest.js'
import {Secret} from '../domain/secret.js'
import type {Terminal} from '../domain/terminal.js'
import type {Connection} from '../proxmox/connection.js'
import type {TerminalAddress, TerminalOptions} from '../proxmox/terminal.js'
import {failureFromRequest} from './failure-from-request.js'
import type {GuestRef} from './guest-repository.js'
import {ask, asNumber, asText, record, type Fields} from './reply.js'

/** A console that waits ten seconds for somebody to join it. */
export interface WaitingConsole {
  /** `the console of web (VM 101)`, for messages. */
  readonly what: string
  readonly upid: string
  /** `user@realm` or `user@realm!token`. */
  readonly user: string
  readonly address: TerminalAddress
}

export type JoinOptions = Pick<TerminalOptions, 'onOutput' | 'signal'>

/** Terminals: `…/termproxy`, and `…/vncwebsocket` at the same endpoint (reference 2.7). */
export class ConsoleRepository {
  constructor(private readonly connection: Pick<Connection, 'api' | 'endpoints' | 'joinTerminal'>) {}

  /** @param serial the port of a VM that has several: `serial1` */
  openGuest(guest: GuestRef, serial?: string): ResultAsync<WaitingConsole, Failure> {
    const node = this.connection.api.nodes.$(guest.node)
    const path = `/nodes/${guest.node}/${guest.type}/${guest.vmid}`
    return this.open(`the console of ${guestLabel(guest)}`, path, () =>
      guest.type === 'lxc'
        ? node.lxc.$(guest.vmid).termproxy.$post()
        : node.qemu.$(guest.vmid).termproxy.$post(serial === undefined ? {} : {serial: serial as 'serial0'}),
    )
  }

  openNode(node: string): ResultAsync<WaitingConsole, Failure> {
    return this.open(`the shell of node ${node}`, `/nodes/${node}`, () =>
      this.connection.api.nodes.$(node).termproxy.$post(),
    )
  }

  /** @returns undefined when it ended instead of taking its ticket */
  join({address, what}: WaitingConsole, options: JoinOptions): ResultAsync<Terminal | undefined, Failure> {
    return this.connection
      .joinTerminal(address, options)
      .mapErr((error) => failureFromRequest(error, {what: `join ${what}`}))
  }

  /** What a VM runs with, without what waits for its next start; `GET …/config?current=1`. */
  liveConfig(vm: GuestRef): ResultAsync<Fields, Failure> {
    return ask(
      `read the configuration of ${guestLabel(vm)}`,
      () => this.connection.api.nodes.$(vm.node).qemu.$(vm.vmid).config.$get({current: true}),
      record,
    )
  }

  private open(what: string, path: string, send: () => Promise<unknown>): ResultAsync<WaitingConsole, Failure> {
    return ask(`open ${what}`, send, record).andThen((row) => {
      const [port, ticket, upid, user] = [asNumber(row.port), asText(row.ticket), asText(row.upid), asText(row.user)]
      // Nothing else is asked meanwhile, so it is the one that has just answered.
      const endpoint = this.connection.endpoints.current?.url
      if (
        port === undefined ||
        ticket === undefined ||
        upid === undefined ||
        user === undefined ||
        endpoint === undefined
      )
        return errAsync(failure('protocol-error', `Cannot open ${what}: the server's answer names no terminal`))
      return okAsync({what, upid, user, address: {endpoint, path, port, user, ticket: new Secret(ticket)}})
    })
  }
}
