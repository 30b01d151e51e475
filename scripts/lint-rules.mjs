/**
 * The house rules that no published ESLint rule knows: who may import whom, no cycles, what a file may be called.
 * ARCHITECTURE.md says why; test/unit/architecture.test.ts breaks each of them on purpose.
 */
import fs from 'node:fs'
import path from 'node:path'

/** What each layer may import besides itself. Arrows run downward only. */
export const LAYERS = {
  cli: ['services', 'repositories', 'proxmox', 'config', 'schema', 'domain'],
  commands: ['cli', 'services', 'domain'],
  config: ['domain'],
  domain: [],
  proxmox: ['domain'],
  repositories: ['proxmox', 'schema', 'domain'],
  schema: ['domain'],
  services: ['repositories', 'domain'],
  simulator: ['schema', 'domain'],
}

/** The one place of the product that knows the simulator. */
const STARTS_THE_SIMULATOR = 'commands/simulator/'

const posix = (file) => file.split(path.sep).join('/')

/** `services/guest.ts` for a file under src; undefined for any other. */
function inSource(context, file) {
  const relative = posix(path.relative(path.join(context.cwd, 'src'), file))
  return relative.startsWith('../') ? undefined : relative
}

/** Calls back with every module name that a file imports, statically, dynamically or as a type. */
function onEachImport(callback) {
  const visit = (node) => {
    if (node.source?.type === 'Literal') callback(node.source, node.source.value)
  }
  return {
    ExportAllDeclaration: visit,
    ExportNamedDeclaration: visit,
    ImportDeclaration: visit,
    ImportExpression: visit,
    TSImportType: visit,
  }
}

const layers = {
  meta: {messages: {arrow: '{{from}} must not import {{to}} (see ARCHITECTURE.md).'}, schema: [], type: 'problem'},
  create(context) {
    const file = inSource(context, context.filename)
    const from = file?.split('/')[0]
    return onEachImport((node, name) => {
      if (!file || !name.startsWith('.')) return
      const target = inSource(context, path.resolve(path.dirname(context.filename), name))
      const to = target?.split('/')[0] ?? 'anything outside src'
      const allowed =
        to === from || LAYERS[from]?.includes(to) || (to === 'simulator' && file.startsWith(STARTS_THE_SIMULATOR))
      if (!allowed) context.report({data: {from, to}, messageId: 'arrow', node})
    })
  },
}

/** Which packages and Node modules a layer does without, dynamic imports included. Types cost nothing and are free, unless `types` says otherwise. */
const modules = {
  meta: {
    messages: {forbidden: '{{name}} does not belong here. {{why}}'},
    schema: [{type: 'array', items: {type: 'object'}}],
    type: 'problem',
  },
  create(context) {
    const [groups] = context.options
    return onEachImport((node, name) => {
      const typeOnly = node.parent.importKind === 'type' || node.parent.type === 'TSImportType'
      const group = groups.find(
        ({names, types}) => (types || !typeOnly) && names.some((it) => name === it || name.startsWith(`${it}/`)),
      )
      if (group) context.report({data: {name, why: group.why}, messageId: 'forbidden', node})
    })
  },
}

const noCycles = {
  meta: {messages: {cycle: 'This import closes a circle: {{circle}}.'}, schema: [], type: 'problem'},
  create(context) {
    const home = context.filename
    if (inSource(context, home) === undefined) return {}
    return onEachImport((node, name) => {
      const target = name.startsWith('.') && sourceOf(home, name)
      if (!target) return
      const circle = pathBetween(target, home)
      if (circle)
        context.report({
          data: {circle: circle.map((file) => path.basename(file)).join(' -> ')},
          messageId: 'cycle',
          node,
        })
    })
  },
}

const sourceOf = (importer, name) => path.resolve(path.dirname(importer), name).replace(/\.js$/, '.ts')

/** The imports of each file that was read, for one run of the linter. */
const graph = new Map()

function importsOf(file) {
  let imports = graph.get(file)
  if (!imports) {
    const text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : ''
    imports = [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']+\.js)'/g)].map((match) =>
      sourceOf(file, match[1]),
    )
    graph.set(file, imports)
  }
  return imports
}

function pathBetween(start, end) {
  const cameFrom = new Map([[start, undefined]])
  for (const file of cameFrom.keys()) {
    if (file === end) {
      const trail = []
      for (let at = file; at; at = cameFrom.get(at)) trail.unshift(at)
      return trail
    }

    for (const next of importsOf(file)) if (!cameFrom.has(next)) cameFrom.set(next, file)
  }
}

const fileNames = {
  meta: {
    messages: {
      barrel: 'No index.ts: import a thing from the file that holds it.',
      drawer: 'No {{folder}} folder: a file belongs to the noun it is about.',
      kebab: 'File and folder names are kebab-case.',
      layer: '{{folder}} is no layer (see ARCHITECTURE.md).',
    },
    schema: [],
    type: 'problem',
  },
  create(context) {
    const file = inSource(context, context.filename)
    if (file === undefined) return {}
    return {
      Program(node) {
        const segments = file.replace(/(\.d)?\.ts$/, '').split('/')
        const report = (messageId, data = {}) => context.report({data, loc: {column: 0, line: 1}, messageId, node})
        const drawer = segments.slice(0, -1).find((folder) => /^(utils?|helpers?|common|misc)$/.test(folder))
        if (drawer) report('drawer', {folder: drawer})
        if (!segments.every((segment) => /^_*[a-z0-9]+(-[a-z0-9]+)*$/.test(segment))) report('kebab')
        if (!(segments[0] in LAYERS)) report('layer', {folder: segments[0]})
        if (segments.at(-1) === 'index' && file !== 'simulator/index.ts' && segments[0] !== 'commands') report('barrel')
      },
    }
  },
}

export const houseRules = {rules: {'file-names': fileNames, layers, modules, 'no-cycles': noCycles}}
