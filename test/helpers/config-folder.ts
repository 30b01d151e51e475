import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

import type {Surroundings} from '../../src/config/locations.js'

/** A configuration folder of a test's own, removed after it. */
export class ConfigFolder {
  readonly path = fs.mkdtempSync(path.join(os.tmpdir(), 'homelab-config-'))
  #counter = 0

  get file(): string {
    return path.join(this.path, 'config.yaml')
  }

  /** Writes a file, 0600 unless said otherwise; returns its path. */
  write(name: string, text: string, mode = 0o600): string {
    const file = path.join(this.path, name)
    fs.mkdirSync(path.dirname(file), {recursive: true})
    fs.writeFileSync(file, text, {mode})
    fs.chmodSync(file, mode)
    return file
  }

  read(name = 'config.yaml'): string {
    return fs.readFileSync(path.join(this.path, name), 'utf8')
  }

  surroundings(more: Partial<Surroundings> = {}): Surroundings {
    return {
      configDir: this.path,
      cwd: this.path,
      dataDir: path.join(this.path, 'state'),
      env: {},
      home: this.path,
      uid: process.getuid?.(),
      unique: () => `${process.pid}-${this.#counter++}`,
      version: '0.0.0',
      ...more,
    }
  }

  remove(): void {
    fs.rmSync(this.path, {force: true, recursive: true})
  }
}
