/**
 * `const {raw} = await import('jq-wasm')` works in Node although the package is CommonJS: Node looks for the names. A bundle gives `default` alone; this
 * plugin puts the names back, so that the sources mean the same with and without a build.
 */
import fs from 'node:fs'
import {pathToFileURL} from 'node:url'

const isEsModule = (file) => file.endsWith('.mjs') || /^\s*(import|export)\b/m.test(fs.readFileSync(file, 'utf8'))

export const namedExports = {
  name: 'named-exports',
  setup(build) {
    build.onResolve({filter: /^[^./]/}, async (args) => {
      if (args.kind !== 'dynamic-import' || args.pluginData === 'looking') return
      const {importer, path, resolveDir} = args
      const found = await build.resolve(path, {importer, kind: 'dynamic-import', pluginData: 'looking', resolveDir})
      if (found.external || found.errors.length > 0 || found.namespace !== 'file' || isEsModule(found.path)) return
      return {namespace: 'named-exports', path, pluginData: {file: found.path, resolveDir}}
    })

    build.onLoad({filter: /.*/, namespace: 'named-exports'}, async ({path, pluginData: {file, resolveDir}}) => {
      const names = Object.keys(await import(pathToFileURL(file).href)).filter(
        (name) => /^[A-Za-z_$][\w$]*$/.test(name) && !['__esModule', 'default'].includes(name),
      )
      const contents = `const whole = require(${JSON.stringify(path)});export default whole;export const {${names.join(',')}} = whole;`
      return {contents, resolveDir}
    })
  },
}
