/**
 * What the bundle leaves out or puts off, so that a start does not pay for what it does not use. Every rule names the package whose import it changes, and the
 * build fails when a rule no longer matches anything.
 */
import fs from 'node:fs'
import path from 'node:path'
import {fileURLToPath} from 'node:url'

const file = (name) => path.join(path.dirname(fileURLToPath(import.meta.url)), name)

/** importer: the package that asks; instead: a file that stands in, or 'lazy' for the same module, loaded at its first use. */
const rules = [
  {importer: 'proxmox-api', instead: file('left-out.mjs'), module: 'undici'},
  {importer: '@oclif/core', instead: file('left-out.mjs'), module: 'tinyglobby'},
  {importer: '@oclif/core', instead: file('left-out.mjs'), module: 'minimatch'},
  {importer: '@oclif/core', instead: file('left-out.mjs'), module: 'lilconfig'},
  {importer: '@oclif/core', instead: file('left-out.mjs'), module: 'semver'},
  {importer: '@oclif/core', instead: file('left-out.mjs'), module: 'cli-spinners'},
  {importer: '@oclif/core', instead: file('wsl.mjs'), module: 'wsl-utils'},
  {importer: '@oclif/core', instead: file('no-debug.mjs'), module: 'debug'},
  {importer: '@oclif/core', instead: 'lazy', module: 'ejs'},
  {importer: '@oclif/core', instead: 'lazy', module: 'string-width'},
  {importer: '@oclif/core', instead: 'lazy', module: 'widest-line'},
  {importer: '@oclif/core', instead: 'lazy', module: 'wrap-ansi'},
  {importer: '@oclif/core', instead: 'lazy', module: 'node:child_process'},
  {importer: '@oclif/core', instead: 'lazy', module: 'node:readline'},
]

/** Text of a package that is replaced. */
const patches = [
  {
    // The first localeCompare of a process loads the collation tables, longer than all else a start does with the manifest. Ids are ASCII.
    file: /@oclif[\\/]core[\\/]lib[\\/]config[\\/]plugin\.js$/,
    from: '.sort((a, b) => a.id.localeCompare(b.id))',
    importer: '@oclif/core',
    module: 'config/plugin.js',
    to: '.sort((a, b) => (a.id < b.id ? -1 : 1))',
  },
  {
    // Two lines do not deserve a file of their own.
    file: /@oclif[\\/]core[\\/]lib[\\/]util[\\/]os\.js$/,
    from: "await import('wsl-utils')",
    importer: '@oclif/core',
    module: 'util/os.js',
    to: "require('wsl-utils')",
  },
]

const within = (name, importer) => importer.split(path.sep).join('/').includes(`/node_modules/${name}/`)

/** An esbuild plugin, and `unmatched()`: what to complain about after the build. */
export function bundleDiet() {
  const matched = new Set()
  const importers = new Set()

  const plugin = {
    name: 'bundle-diet',
    setup(build) {
      build.onResolve({filter: /^[^./]/}, (args) => {
        if (args.namespace === 'lazy') return
        const asked = rules.find((rule) => within(rule.importer, args.importer))
        if (asked) importers.add(asked.importer)
        const rule = rules.find((rule) => rule.module === args.path && within(rule.importer, args.importer))
        if (!rule) return
        matched.add(rule)
        if (rule.instead !== 'lazy') return {path: rule.instead}
        return {namespace: 'lazy', path: args.path, pluginData: {resolveDir: args.resolveDir}}
      })
      for (const patch of patches) {
        build.onLoad({filter: patch.file}, (args) => {
          const text = fs.readFileSync(args.path, 'utf8')
          if (text.includes(patch.from)) matched.add(patch)
          return {contents: text.replaceAll(patch.from, patch.to), loader: 'js'}
        })
      }

      build.onLoad({filter: /.*/, namespace: 'lazy'}, (args) => ({
        // A CommonJS importer asks for __esModule while it loads; that must not count as the first use.
        contents: `module.exports = new Proxy(function () {}, {get: (_, key) => key === '__esModule' ? undefined : require(${JSON.stringify(args.path)})[key], apply: (_, self, args) => require(${JSON.stringify(args.path)})(...args)});`,
        resolveDir: args.pluginData.resolveDir,
      }))
    },
  }

  // A package that is not in the bundle at all (nothing imports it yet) has no rule to match.
  const unmatched = () => [...rules, ...patches].filter((rule) => importers.has(rule.importer) && !matched.has(rule))
  return {plugin, unmatched}
}
