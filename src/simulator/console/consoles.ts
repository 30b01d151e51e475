import {LocalPorts} from './local-ports.js'

import type {Tty} from './tty.js'

/** The terminals of a cluster and the ways to them. Nothing of it outlives the process. */
export class Consoles {
  readonly ports = new LocalPorts()
  /** Of guests, by VMID: a console that is left and come back to is the same one. */
  private readonly guests = new Map<number, {readonly startedAt: number; readonly tty: Tty}>()

  /** The terminal of a guest since it runs; `make` starts what runs in it. */
  terminalOf(vmid: number, startedAt: number, make: () => Tty): Tty {
    const known = this.guests.get(vmid)
    if (known?.startedAt === startedAt) return known.tty
    known?.tty.hangUp()
    const tty = make()
    this.guests.set(vmid, {startedAt, tty})
    return tty
  }

  /** Cuts every connection: of a node that lost its power, or of all. */
  cut(node?: string): void {
    this.ports.cut(node)
    if (node !== undefined) return
    for (const {tty} of this.guests.values()) tty.hangUp()
    this.guests.clear()
  }
}
