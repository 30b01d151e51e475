#!/usr/bin/env node
// Runs the sources: no build, no manifest. `node bin/dev.js proxmox vm list` is what `homelab proxmox vm list` will be.
import fs from 'node:fs'
import {fileURLToPath} from 'node:url'
import {register} from 'tsx/esm/api'

process.env.OCLIF_DISABLE_ENGINE_WARNING = '1'
for (const name of ['CONTENT_TYPE', 'HOMELAB_CONTENT_TYPE', 'HL_CONTENT_TYPE']) delete process.env[name]
register()

const root = fileURLToPath(new URL('..', import.meta.url))
const asSource = (target) => target.replace(/^\.\/dist\//, './src/')
const pjson = JSON.parse(fs.readFileSync(`${root}/package.json`, 'utf8'))
const {commands, hooks = {}} = pjson.oclif
pjson.oclif = {
  ...pjson.oclif,
  commands: {...commands, target: asSource(commands.target)},
  hooks: Object.fromEntries(Object.entries(hooks).map(([name, targets]) => [name, [targets].flat().map(asSource)])),
}

// A manifest that a build left behind must not get in between: oclif hands this option to a plugin only, not from its own options.
const {Plugin} = await import('@oclif/core')
const plugin = new Plugin({errorOnManifestCreate: true, ignoreManifest: true, isRoot: true, pjson, root, type: 'core'})
await plugin.load()

const {main} = await import('../src/cli/main.ts')
await main({pjson, plugins: new Map([[plugin.name, plugin]]), root}, process.argv.slice(2))
