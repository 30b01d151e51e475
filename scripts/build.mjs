/**
 * Builds dist/ and oclif.manifest.json: one bundle per command with shared chunks, everything it needs inside, so that a start reads a handful of files.
 *
 * The work happens in a folder beside dist that replaces it at the end: a command that runs meanwhile finds the old tree or the new one, never half of each.
 *
 *     node scripts/build.mjs            what running needs (also `prepare`)
 *     node scripts/build.mjs --types    and the declarations of homelab/simulator (`npm pack` asks for them)
 */
import {spawnSync} from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import {fileURLToPath} from 'node:url'

import {bundle} from './bundle.mjs'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
const pjson = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'))
/** Licences of everything that was bundled: their terms ask for the notice to travel along. */
function notices(metafile) {
  const folders = new Set()
  for (const input of Object.keys(metafile.inputs)) {
    const match = /^((?:[^:]*\/)?node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)
    if (match) folders.add(match[1])
  }

  const blocks = [...folders].sort().map((folder) => {
    const absolute = path.join(root, folder)
    const {license, name, version} = JSON.parse(fs.readFileSync(path.join(absolute, 'package.json'), 'utf8'))
    const file = fs.readdirSync(absolute).find((entry) => /^(licen[cs]e|copying)/i.test(entry))
    // The full text of this one is LICENSE itself.
    const text =
      file && !String(license).startsWith('GPL') ? fs.readFileSync(path.join(absolute, file), 'utf8').trim() : ''
    return [`${name} ${version} (${license ?? 'see its text'})`, text].filter(Boolean).join('\n\n')
  })
  return `The files in this folder contain code of these packages.\n\n${blocks.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`
}

function copySchema(outdir) {
  const from = path.join(root, 'src/schema/data')
  if (fs.existsSync(from)) fs.cpSync(from, path.join(outdir, 'schema/data'), {recursive: true})
}

/** oclif's own description of the commands, so that a start loads one command instead of all of them. */
async function manifest(stage) {
  process.env.OCLIF_DISABLE_ENGINE_WARNING = '1'
  const {Plugin, settings} = await import('@oclif/core')
  settings.enableAutoTranspile = false
  const plugin = new Plugin({
    errorOnManifestCreate: true,
    ignoreManifest: true,
    isRoot: true,
    pjson,
    respectNoCacheDefault: true,
    root: stage,
    type: 'core',
  })
  await plugin.load()
  const commands = Object.fromEntries(Object.entries(plugin.manifest.commands).sort(([a], [b]) => (a < b ? -1 : 1)))
  return `${JSON.stringify({commands, version: pjson.version})}\n`
}

/** The declarations of homelab/simulator: what its entry needs, and none of what the compiler had to look at besides. */
function declarations(stage, outdir) {
  const entry = 'simulator/index.d.ts'
  const all = path.join(stage, 'types')
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc')
  const args = [tsc, '-p', 'tsconfig.build.json', '--outDir', all]
  const {status} = spawnSync(process.execPath, args, {cwd: root, stdio: 'inherit'})
  if (status !== 0) throw new Error('The declarations of homelab/simulator could not be written.')
  const needed = new Set([entry])
  for (const file of needed) {
    const text = fs.readFileSync(path.join(all, file), 'utf8')
    for (const [, name] of text.matchAll(/(?:from |import\()['"](\.[^'"]+)\.js['"]/g))
      needed.add(path.posix.join(path.posix.dirname(file), `${name}.d.ts`))
    fs.mkdirSync(path.join(outdir, path.dirname(file)), {recursive: true})
    fs.copyFileSync(path.join(all, file), path.join(outdir, file))
  }
}

/** One rename in, one rename out. */
function replace(target, fresh, trash) {
  if (fs.existsSync(target)) fs.renameSync(target, trash)
  fs.renameSync(fresh, target)
}

// Commands are imported for the manifest, and an import looks for node_modules upward: the stage lies inside the package.
const stage = fs.mkdtempSync(path.join(root, '.build-'))
try {
  const outdir = path.join(stage, 'dist')
  const metafile = await bundle(outdir)
  copySchema(outdir)
  fs.writeFileSync(path.join(outdir, 'THIRD-PARTY-NOTICES.txt'), notices(metafile))
  const packing = ['pack', 'publish'].includes(process.env.npm_command ?? '')
  if (packing || process.argv.includes('--types')) declarations(stage, outdir)
  fs.writeFileSync(path.join(stage, 'oclif.manifest.json'), await manifest(stage))
  replace(path.join(root, 'dist'), outdir, path.join(stage, 'old'))
  fs.renameSync(path.join(stage, 'oclif.manifest.json'), path.join(root, 'oclif.manifest.json'))
} finally {
  fs.rmSync(stage, {force: true, recursive: true})
}
