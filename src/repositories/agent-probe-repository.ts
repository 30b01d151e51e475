import type {ResultAsync} from 'neverthrow'
import * as z from 'zod/mini'
import type {Failure} from '../domain/failure.js'
import {guestLabel} from '../domain/guest.js'
import type {Connection} from '../proxmox/connection.js'
import type {GuestRef} from './guest-repository.js'
import {ask, asFlag, asNumber, asText, record} from './reply.js'

/** A program that was started in a VM: what it came to, once it has ended. */
export interface ProgramEnd {
  readonly exitCode: number
  readonly stdout: string
}

/** What a look into a VM needs of its agent: `/nodes/{node}/qemu/{vmid}/agent/…`. */
export class AgentProbeRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  /** `GET …/agent/info`: like a ping, but one that may be repeated when its answer was lost. */
  answers(vm: GuestRef): ResultAsync<unknown, Failure> {
    return ask(`ask the agent of ${guestLabel(vm)}`, () => this.agent(vm).info.$get(), record)
  }

  /** `POST …/agent/exec`; no shell. @param asText as 7.4 takes it: one text, split at blanks. @returns the process's number */
  start(vm: GuestRef, command: readonly string[], asText: boolean): ResultAsync<number, Failure> {
    const words = (asText ? command.join(' ') : [...command]) as string[]
    return ask(
      `run ${command[0] ?? ''} in ${guestLabel(vm)}`,
      () => this.agent(vm).exec.$post({command: words}),
      z.object({pid: z.coerce.number()}),
    ).map(({pid}) => pid)
  }

  /** `GET …/agent/exec-status`; undefined while it runs. */
  end(vm: GuestRef, pid: number): ResultAsync<ProgramEnd | undefined, Failure> {
    return ask(
      `ask for the end of a program in ${guestLabel(vm)}`,
      () => this.agent(vm)['exec-status'].$get({pid}),
      record,
    ).map((row) =>
      asFlag(row.exited) ? {exitCode: asNumber(row.exitcode) ?? -1, stdout: asText(row['out-data']) ?? ''} : undefined,
    )
  }

  private agent(vm: GuestRef) {
    return this.connection.api.nodes.$(vm.node).qemu.$(vm.vmid).agent
  }
}
