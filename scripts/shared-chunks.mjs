/**
 * Keeps the number of files that a start loads small. esbuild makes a chunk for every combination of entries that share something, which for commands that
 * resemble each other means dozens of files of a kilobyte, each with its price at every start. So whatever `vm list` loads of ours is made part of every
 * command, which puts it into one chunk.
 */
import fs from 'node:fs'
import path from 'node:path'

const MODEL = 'src/commands/proxmox/vm/list.ts'

/**
 * @param {import('esbuild').Metafile} metafile of a bundle without this plugin
 * @param {string} root the package's folder
 * @returns {import('esbuild').Plugin}
 */
export function sharedChunks(metafile, root) {
  const {inputs} = metafile
  const sources = Object.keys(inputs).filter((file) => file.startsWith('src/'))
  const starting = sources.filter((file) => /^src\/(commands|cli\/hooks)\//.test(file))
  const importsOf = (file, kind) =>
    (inputs[file]?.imports ?? []).filter((it) => it.kind === kind && it.path.startsWith('src/')).map((it) => it.path)
  const closure = (entries) => {
    const seen = new Set(entries)
    for (const file of seen) for (const next of importsOf(file, 'import-statement')) seen.add(next)
    return [...seen]
  }

  const always = closure([MODEL]).filter((file) => file !== MODEL)
  const later = sources
    .filter((file) => !file.startsWith('src/simulator/'))
    .flatMap((file) => importsOf(file, 'dynamic-import'))
  const prefixes = new Map([...[...starting, ...later].map((file) => [file, always.filter((it) => it !== file)])])
  return {
    name: 'shared-chunks',
    setup(build) {
      build.onLoad({filter: /[\\/]src[\\/].*\.ts$/}, (args) => {
        const prefix = prefixes.get(path.relative(root, args.path).split(path.sep).join('/'))
        if (!prefix) return
        const imports = prefix.map((file) => `import ${JSON.stringify(path.join(root, file))};`).join('')
        return {contents: `${imports}\n${fs.readFileSync(args.path, 'utf8')}`, loader: 'ts'}
      })
    },
  }
}
