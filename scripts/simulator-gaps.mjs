/** Writes into docs/simulator.md which methods of the API the simulator lacks: node --import tsx scripts/simulator-gaps.mjs */
import fs from 'node:fs'
import path from 'node:path'
import {fileURLToPath} from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
const {loadSchema} = await import('../src/schema/schema.ts')
const {routes} = await import('../src/simulator/api/routes.ts')
const {methodGaps} = await import('../src/simulator/kernel/method-gaps.ts')

const file = path.join(root, 'docs/simulator.md')
const table = methodGaps(routes, [loadSchema('8.4'), loadSchema('9.2')])
const text = fs.readFileSync(file, 'utf8')
fs.writeFileSync(file, text.replace(/(<!-- gaps -->\n)[\s\S]*?(<!-- \/gaps -->)/, `$1\n${table}\n$2`))
