import {chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'

/** What a background simulator was asked to be. */
export interface InstanceOptions {
  /** A fixture's name or the absolute path of a file. */
  readonly fixture: string
  readonly pveVersion: '8.4' | '9.2'
  readonly speed: number | 'instant' | 'stepped'
  /** Of the first node; 0 picks a free one, or that of the last run. */
  readonly port: number
  readonly offline: readonly string[]
}

/** What is kept about a simulator beside its state: how to find the process, its address, and what it is. */
export interface InstanceRecord extends InstanceOptions {
  readonly name: string
  /** Absent after a clean stop. A dead process that left it was killed. */
  readonly pid?: number
  readonly url: string
  readonly urls: Readonly<Record<string, string>>
  readonly ports: Readonly<Record<string, number>>
  readonly fingerprint: string
  readonly tokenId: string
  readonly resumed: boolean
  /** Where its own commands are taken, on loopback, with the key that proves them. */
  readonly control: {readonly port: number; readonly key: string}
}

/** The files of one named simulator. Private: they hold the keys of its certificate and its tickets. */
export class InstanceFiles {
  readonly directory: string

  constructor(
    stateDir: string,
    readonly name: string,
  ) {
    this.directory = join(stateDir, 'simulators', name)
  }

  get log(): string {
    return join(this.directory, 'simulator.log')
  }

  /** Whether there is a cluster to go on with. */
  get hasState(): boolean {
    return existsSync(join(this.directory, 'state'))
  }

  create(): void {
    mkdirSync(this.directory, {recursive: true, mode: 0o700})
    chmodSync(this.directory, 0o700)
  }

  read(): InstanceRecord | undefined {
    try {
      return JSON.parse(readFileSync(this.path, 'utf8')) as InstanceRecord
    } catch {
      return undefined
    }
  }

  write(record: InstanceRecord): void {
    const temporary = `${this.path}.tmp`
    writeFileSync(temporary, `${JSON.stringify(record, null, 2)}\n`, {mode: 0o600})
    renameSync(temporary, this.path)
  }

  /** Forgets the cluster, keeps address and certificate. */
  removeState(): void {
    rmSync(join(this.directory, 'state'), {recursive: true, force: true})
  }

  remove(): void {
    rmSync(this.directory, {recursive: true, force: true})
  }

  private get path(): string {
    return join(this.directory, 'instance.json')
  }
}
