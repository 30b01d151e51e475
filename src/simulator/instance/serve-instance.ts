import {randomBytes} from 'node:crypto'

import {startSimulator, type Simulator} from '../start-simulator.js'
import {type ControlReply, type ControlRequest, openControl} from './control.js'

import type {InstanceFiles, InstanceOptions, InstanceRecord} from './instance-files.js'

/** A simulator that serves in this process and takes commands from others. */
export interface Serving {
  readonly record: InstanceRecord
  /** Resolves once it has stopped, by a command or by `stop`. */
  readonly stopped: Promise<void>
  stop(): Promise<void>
}

/**
 * Serves a named simulator in this process: opens its state, listens, and says in its directory where it is to be found.
 * @param pid the id of this process
 */
export async function serveInstance(files: InstanceFiles, options: InstanceOptions, pid: number): Promise<Serving> {
  const last = files.read()
  const simulator = await startSimulator({
    name: files.name,
    directory: files.directory,
    fixture: options.fixture,
    pveVersion: options.pveVersion,
    speed: options.speed,
    offline: options.offline,
    ports: options.port === 0 ? (last?.ports ?? {}) : {},
    port: options.port,
  })
  const instance = new ServedInstance(files, simulator)
  await instance.open(options, pid)
  return instance
}

class ServedInstance implements Serving {
  record!: InstanceRecord
  readonly stopped: Promise<void>
  private resolveStopped!: () => void
  private closeControl: () => void = () => {}

  constructor(
    private readonly files: InstanceFiles,
    private readonly simulator: Simulator,
  ) {
    this.stopped = new Promise((resolve) => {
      this.resolveStopped = resolve
    })
  }

  async open(options: InstanceOptions, pid: number): Promise<void> {
    const key = randomBytes(24).toString('base64url')
    const {port, close} = await openControl(key, (request) => this.handle(request))
    this.closeControl = close
    this.record = {
      ...options,
      name: this.files.name,
      pid,
      resumed: this.simulator.resumed,
      control: {port, key},
      ...this.address(),
    }
    this.files.write(this.record)
  }

  async stop(): Promise<void> {
    await this.simulator.stop()
    const {pid: _, ...rest} = this.record
    this.files.write(rest)
    this.closeControl()
    this.resolveStopped()
  }

  private async handle(request: ControlRequest): Promise<ControlReply> {
    switch (request.action) {
      case 'status': {
        return {ok: true, record: this.record, missing: Object.fromEntries(this.simulator.router.missing)}
      }

      case 'reset': {
        await this.simulator.reset(request.fixture)
        if (request.fixture !== undefined) this.record = {...this.record, fixture: request.fixture}
        break
      }

      case 'advance': {
        await this.simulator.advance(request.seconds)
        break
      }

      case 'fault-list': {
        return {ok: true, faults: this.simulator.faults.list()}
      }

      case 'fault-add': {
        const fault = await this.simulator.faults.add(request.spec)
        return {ok: true, faults: [fault], record: this.refresh()}
      }

      case 'fault-clear': {
        const faults = await this.simulator.faults.clear(request.id)
        return {ok: true, faults, record: this.refresh()}
      }

      case 'stop': {
        // the answer first, then the end
        setImmediate(() => void this.stop())
        return {ok: true}
      }
    }

    return {ok: true, record: this.refresh()}
  }

  /** Says anew where the simulator is to be found. */
  private refresh(): InstanceRecord {
    this.record = {...this.record, ...this.address()}
    this.files.write(this.record)
    return this.record
  }

  private address() {
    const {url, urls, fingerprint, tokenId} = this.simulator
    const ports = Object.fromEntries(
      Object.entries(urls).map(([node, address]) => [node, Number(new URL(address).port)]),
    )
    return {url, urls, ports, fingerprint, tokenId}
  }
}
