#!/usr/bin/env node
// The default import: Node 20 has no enableCompileCache, and a named import of it would be a SyntaxError there.
import module from 'node:module'
import {fileURLToPath} from 'node:url'

process.env.OCLIF_DISABLE_ENGINE_WARNING = '1'
// oclif switches JSON output on when it finds one of these set to "json"; here only a flag does.
for (const name of ['CONTENT_TYPE', 'HOMELAB_CONTENT_TYPE', 'HL_CONTENT_TYPE']) delete process.env[name]
module.enableCompileCache?.()

const {main} = await import('../dist/cli/main.js')
await main(fileURLToPath(import.meta.url), process.argv.slice(2))
