import fs from 'node:fs'
import path from 'node:path'

import {holdsSecret, type FileSettings} from './configuration.js'
import {replaceFile} from './replace-file.js'

/** What a file was when it was checked; any change makes another stamp. */
export function stampOf(stats: fs.BigIntStats, version: string): string {
  return [version, stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(':')
}

type Entries = Record<string, {readonly stamp: string; readonly settings: FileSettings}>

/** Enough for a user file and the projects one works in. */
const MOST_ENTRIES = 8

/**
 * Checked configuration between runs, so that a start loads neither YAML nor schema. Files that hold a secret are never kept. Losing the cache costs
 * some milliseconds: whatever goes wrong with it is ignored.
 */
export class SettingsCache {
  readonly #file: string
  readonly #unique: () => string

  constructor(stateFolder: string, unique: () => string) {
    this.#unique = unique
    this.#file = path.join(stateFolder, 'configuration.json')
  }

  get(file: string, stamp: string): FileSettings | undefined {
    const entry = this.#load()[file]
    return entry?.stamp === stamp ? entry.settings : undefined
  }

  put(file: string, stamp: string, settings: FileSettings): void {
    if (holdsSecret(settings)) return
    const {[file]: _old, ...others} = this.#load()
    const kept = Object.entries(others).slice(0, MOST_ENTRIES - 1)
    try {
      fs.mkdirSync(path.dirname(this.#file), {mode: 0o700, recursive: true})
      replaceFile(this.#file, JSON.stringify(Object.fromEntries([[file, {stamp, settings}], ...kept])), this.#unique())
    } catch {
      // The next start checks the file again.
    }
  }

  #load(): Entries {
    try {
      return JSON.parse(fs.readFileSync(this.#file, 'utf8')) as Entries
    } catch {
      return {}
    }
  }
}
