import path from 'node:path'
import {Flags} from '@oclif/core'

import {failure} from '../domain/failure.js'
import {Secret} from '../domain/secret.js'
import {CommandError} from './command-error.js'
import {ConfigurationCommand} from './configuration-command.js'

/** What all commands on simulators take. */
export const simulatorFlags = {
  name: Flags.string({
    default: 'simulator',
    description: 'Which one; several can run beside each other.',
    env: 'HOMELAB_SIMULATOR',
    helpValue: 'NAME',
  }),
}

/** `20`, `0.5`, `instant`, `stepped`. */
export const speedFlag = Flags.custom<number | 'instant' | 'stepped'>({
  helpValue: 'FACTOR|instant|stepped',
  async parse(text) {
    const factor = Number(text)
    if (text === 'instant' || text === 'stepped') return text
    if (text.trim() !== '' && factor > 0 && factor <= 100_000) return factor
    throw new CommandError(
      failure('usage', `--speed: "${text}" is not possible`, {hint: 'use a factor such as 10, instant, or stepped'}),
    )
  },
})

/** A simulator as commands show it. */
export interface SimulatorRow {
  readonly name: string
  readonly status: 'crashed' | 'running' | 'stopped'
  readonly url: string
  readonly fingerprint: string
  /** Absent while it does not run. */
  readonly pid?: number
  /** The context of the user's configuration that leads to it. */
  readonly context?: string
  readonly tokenId: string
  readonly fixture: string
  readonly pveVersion: string
  /** The address of each node that has power. */
  readonly nodes: Readonly<Record<string, string>>
  /** Its state is that of a former run. */
  readonly resumed: boolean
}

/** What the rows of a simulator are made of. */
export interface SimulatorFacts {
  readonly name: string
  readonly pid?: number
  readonly url: string
  readonly urls: Readonly<Record<string, string>>
  readonly fingerprint: string
  readonly tokenId: string
  readonly fixture: string
  readonly pveVersion: string
  readonly resumed: boolean
}

/** What the commands on simulators share: the context that leads to one. */
export abstract class SimulatorCommand<R extends object> extends ConfigurationCommand<R> {
  protected async simulatorRow(facts: SimulatorFacts, status: SimulatorRow['status']): Promise<SimulatorRow> {
    const {name, url, fingerprint, pid, tokenId, fixture, pveVersion, resumed} = facts
    const context = await this.contextOf(name)
    return {
      name,
      status,
      url,
      fingerprint,
      ...(status === 'running' && pid !== undefined && {pid}),
      ...(context !== undefined && {context: name}),
      tokenId,
      fixture,
      pveVersion,
      nodes: facts.urls,
      resumed,
    }
  }

  /** What names a file is made absolute: the simulator runs elsewhere. */
  protected fixtureName(given: string | undefined): string | undefined {
    if (given === undefined || !/[/\\.]/.test(given)) return given
    return path.resolve(this.runtime.cwd, given)
  }

  /** Refuses a name that belongs to a context of another cluster. */
  protected async checkContextName(name: string): Promise<void> {
    const {contexts} = await this.unwrap(this.configuration())
    const existing = Object.hasOwn(contexts, name) ? contexts[name] : undefined
    if (existing === undefined || existing.endpoints.every((endpoint) => isLoopback(endpoint))) return
    this.fail(
      failure('already-exists', `the context ${name} leads to another cluster`, {
        hint: 'give the simulator another --name, or start it with --no-context',
      }),
    )
  }

  /** Adds the context of a simulator, or brings it up to date; it becomes current only when there is none. */
  protected async keepContext({name, url, fingerprint, tokenId}: SimulatorFacts, secret: string): Promise<void> {
    await this.addContext(
      {
        name,
        endpoints: [url],
        fingerprint,
        login: {kind: 'token', id: tokenId, secret: {kind: 'value', value: new Secret(secret)}},
      },
      {replace: true, use: false},
    )
  }

  /** Whether a context leads to the simulator. */
  protected async hasContext(name: string): Promise<boolean> {
    return (await this.contextOf(name)) !== undefined
  }

  /** Takes the context of a simulator away again, and nothing that leads elsewhere. */
  protected async removeContextOf(name: string): Promise<void> {
    const context = await this.contextOf(name)
    if (context) await this.dropContext(context)
  }

  private async contextOf(name: string) {
    const {contexts} = await this.unwrap(this.configuration())
    const context = Object.hasOwn(contexts, name) ? contexts[name] : undefined
    const isOurs = context?.file !== undefined && context.endpoints.every((endpoint) => isLoopback(endpoint))
    return isOurs ? this.storedContext(name) : undefined
  }
}

const isLoopback = (endpoint: string): boolean => /^127\./.test(new URL(endpoint).hostname)
