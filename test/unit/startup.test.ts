import {expect} from 'chai'
import type {Metafile} from 'esbuild'

import {bundle} from '../../scripts/bundle.mjs'

/** What no list command needs before it prints: all of it is left out of the bundle or waits behind `await import()`. */
const TOO_HEAVY = [
  '@inquirer/',
  '@peculiar/',
  'cosmiconfig/',
  'fdir/',
  'jq-wasm/',
  'js-yaml/',
  'lilconfig/',
  'minimatch/',
  'ora/',
  'picomatch/',
  'reflect-metadata/',
  'tinyglobby/',
  'typescript/',
  'undici/',
  'wsl-utils/',
  'yaml/',
  'zod/v4/classic/',
  'zod/v4/locales/',
]

/** Node's own modules that are slow to load as ES modules: their lazy parts are loaded with them. */
const SLOW_MODULES = ['http', 'node:http', 'node:process', 'process']

/** Measured, with a tenth on top; a start pays for each of these bytes. */
const BUDGET = {bytes: 560_000, files: 16}

interface Closure {
  readonly bytes: number
  readonly files: readonly string[]
  readonly sources: readonly string[]
  readonly builtins: readonly string[]
}

/** Everything that is loaded before the first line of the entry runs. */
function staticClosure({outputs}: Metafile, entry: string): Closure {
  const start = Object.keys(outputs).find((file) => outputs[file]?.entryPoint === entry)
  expect(start, `${entry} is no entry of the bundle`).to.be.a('string')
  const files = new Set([start!])
  const builtins = new Set<string>()
  for (const file of files) {
    for (const {external, kind, path} of outputs[file]?.imports ?? []) {
      if (kind !== 'import-statement') continue
      if (external) builtins.add(path)
      else files.add(path)
    }
  }

  const sources = new Set<string>()
  let bytes = 0
  for (const file of files) {
    bytes += outputs[file]?.bytes ?? 0
    for (const [source, {bytesInOutput}] of Object.entries(outputs[file]?.inputs ?? {}))
      if (bytesInOutput > 0) sources.add(source)
  }

  return {builtins: [...builtins], bytes, files: [...files], sources: [...sources]}
}

describe('start-up', function () {
  let metafile: Metafile

  before(async () => {
    metafile = await bundle('dist', {write: false})
  })

  for (const entry of ['src/commands/proxmox/vm/list.ts', 'src/cli/main.ts']) {
    describe(entry, () => {
      it('loads nothing that can wait', () => {
        const {sources} = staticClosure(metafile, entry)
        const heavy = sources.filter((source) => TOO_HEAVY.some((name) => source.includes(`node_modules/${name}`)))
        expect(heavy).to.deep.equal([])
      })

      it('loads none of the slow modules of Node', () => {
        expect(staticClosure(metafile, entry).builtins.filter((name) => SLOW_MODULES.includes(name))).to.deep.equal([])
      })

      it('stays within its budget', () => {
        const {bytes, files} = staticClosure(metafile, entry)
        expect(bytes).to.be.below(BUDGET.bytes)
        expect(files.length).to.be.below(BUDGET.files)
      })

      it('loads nothing of the simulator', () => {
        expect(
          staticClosure(metafile, entry).sources.filter((source) => source.startsWith('src/simulator/')),
        ).to.deep.equal([])
      })
    })
  }

  it('sees what a command does load', () => {
    const {sources} = staticClosure(metafile, 'src/commands/proxmox/vm/list.ts')
    expect(sources.some((source) => source.includes('node_modules/@oclif/core/'))).to.equal(true)
    expect(sources.some((source) => source.startsWith('src/services/'))).to.equal(true)
  })
})
