/** The one call of esbuild: what goes into dist, and what must not. */
import * as esbuild from 'esbuild'
import fs from 'node:fs'
import {builtinModules} from 'node:module'
import path from 'node:path'
import {fileURLToPath} from 'node:url'

import {bundleDiet} from './bundle-diet.mjs'
import {namedExports} from './named-exports.mjs'
import {sharedChunks} from './shared-chunks.mjs'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
const pjson = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'))
/** Asked for inside try/catch by oclif, and as well missing. */
const optional = ['source-map-support', 'typescript']

/** Every entry, as paths from the root; dist mirrors src. The program and the simulator are bundled apart: what they shared would become more files to load. */
const programEntries = () => ['src/cli/main.ts', ...sourcesUnder('src/commands'), ...sourcesUnder('src/cli/hooks')]
const simulatorEntries = ['src/simulator/main.ts', 'src/simulator/index.ts']

function sourcesUnder(folder) {
  const absolute = path.join(root, folder)
  return fs
    .readdirSync(absolute, {recursive: true})
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .map((file) => path.posix.join(folder, file.split(path.sep).join('/')))
    .sort()
}

/**
 * Bundles every command, checks what came out, and returns esbuild's metafile, whose paths are relative to the root.
 *
 * @param {string} outdir where the files go
 * @param {{write?: boolean}} [options] `write: false` only looks what would come out
 */
export async function bundle(outdir, {write = true} = {}) {
  const diet = bundleDiet()
  const options = {
    absWorkingDir: root,
    // What is CommonJS inside keeps its require(); it is also the cheap way to node:http and node:process.
    banner: {
      js: "import {createRequire as __createRequire} from 'node:module';const require=__createRequire(import.meta.url);",
    },
    bundle: true,
    define: {
      __dirname: 'import.meta.dirname',
      __filename: 'import.meta.filename',
      // ws looks for native helpers otherwise, which an installed copy doesn't have.
      'process.env.WS_NO_BUFFER_UTIL': '"1"',
      'process.env.WS_NO_UTF_8_VALIDATE': '"1"',
    },
    external: [...optional, ...Object.keys(pjson.dependencies ?? {})],
    format: 'esm',
    legalComments: 'none',
    logLevel: 'warning',
    mainFields: ['module', 'main'],
    metafile: true,
    minifySyntax: true,
    minifyWhitespace: true,
    outbase: 'src',
    outdir,
    platform: 'node',
    plugins: [diet.plugin, namedExports],
    splitting: true,
    target: 'node20.19',
    treeShaking: true,
  }
  const program = {...options, chunkNames: 'chunks/[name]-[hash]', entryPoints: programEntries()}
  const simulator = {...options, chunkNames: 'simulator/chunks/[name]-[hash]', entryPoints: simulatorEntries}
  const first = await esbuild.build({...program, write: false})
  const plugins = [...options.plugins, sharedChunks(first.metafile, root)]
  const built = await Promise.all([esbuild.build({...program, plugins, write}), esbuild.build({...simulator, write})])
  const metafile = {
    inputs: Object.assign({}, ...built.map((result) => result.metafile.inputs)),
    outputs: Object.assign({}, ...built.map((result) => result.metafile.outputs)),
  }
  const unmatched = diet.unmatched().map((rule) => `${rule.module} in ${rule.importer}`)
  if (unmatched.length > 0)
    throw new Error(`Rules of scripts/bundle-diet.mjs match nothing any more: ${unmatched.join(', ')}.`)
  assertBundle(metafile)
  return metafile
}

/** What the bundle promises, checked where it is made. */
function assertBundle(metafile) {
  if (Object.keys(metafile.inputs).some((file) => file.includes('node_modules/undici/')))
    throw new Error('undici is in the bundle.')
  const allowed = new Set([...builtinModules, ...optional, ...Object.keys(pjson.dependencies ?? {})])
  for (const [file, output] of Object.entries(metafile.outputs)) {
    for (const {external, path: target} of output.imports) {
      if (external && !target.startsWith('node:') && !allowed.has(target)) {
        throw new Error(`${file} imports ${target}, which an installed copy would not find.`)
      }
    }
  }
}
