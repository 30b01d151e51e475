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

/** What `vm list` loads until it has printed. */
const VM_LIST = ['src/cli/main.ts', 'src/commands/proxmox/vm/list.ts']

const STARTS = [
  {name: 'homelab --version', entries: ['src/cli/main.ts'], bytes: 280_000, files: 4},
  {name: 'homelab proxmox vm list', entries: VM_LIST, bytes: 490_000, files: 5},
]

interface Closure {
  readonly bytes: number
  readonly files: readonly string[]
  readonly sources: readonly string[]
  readonly builtins: readonly string[]
}

/** Everything that is loaded before the first line of the entries runs. */
function staticClosure({outputs}: Metafile, entries: readonly string[]): Closure {
  const files = new Set<string>()
  for (const entry of entries) {
    const start = Object.keys(outputs).find((file) => outputs[file]?.entryPoint === entry)
    expect(start, `${entry} is no entry of the bundle`).to.be.a('string')
    files.add(start!)
  }

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
  // Bundles every command; a busy machine takes its time.
  this.timeout(120_000)
  let metafile: Metafile

  before(async () => {
    metafile = await bundle('dist', {write: false})
  })

  for (const {bytes, entries, files, name} of STARTS) {
    describe(name, () => {
      it('loads nothing that can wait', () => {
        const {sources} = staticClosure(metafile, entries)
        const heavy = sources.filter((source) => TOO_HEAVY.some((name) => source.includes(`node_modules/${name}`)))
        expect(heavy).to.deep.equal([])
      })

      it('loads none of the slow modules of Node', () => {
        const {builtins} = staticClosure(metafile, entries)
        expect(builtins.filter((name) => SLOW_MODULES.includes(name))).to.deep.equal([])
      })

      it('loads nothing of the simulator', () => {
        const {sources} = staticClosure(metafile, entries)
        expect(sources.filter((source) => source.startsWith('src/simulator/'))).to.deep.equal([])
      })

      // What it is today, with room for small things: a start pays for each byte and each file.
      it(`loads at most ${bytes} bytes from ${files} files`, () => {
        const closure = staticClosure(metafile, entries)
        expect(closure.bytes).to.be.at.most(bytes)
        expect(closure.files.length).to.be.at.most(files)
      })
    })
  }

  it('sees what a command does load', () => {
    const {sources} = staticClosure(metafile, VM_LIST)
    expect(sources.some((source) => source.includes('node_modules/@oclif/core/'))).to.equal(true)
    expect(sources.some((source) => source.startsWith('src/services/'))).to.equal(true)
  })
})
