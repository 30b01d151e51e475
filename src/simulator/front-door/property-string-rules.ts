import type {CompiledProperties} from './compiled-properties.js'
import type {FormatContext} from './format-check.js'

type Values = Readonly<Record<string, string>>

/** A rule over a whole property string whose parts are all right; returns what is wrong. */
export type PropertyStringRule = (
  values: Values,
  properties: CompiledProperties,
  context: FormatContext,
) => string | undefined

/** CPU types that are no QEMU models of their own, since 8.0. */
const CPU_LEVELS = new Set(['x86-64-v2', 'x86-64-v2-AES', 'x86-64-v3', 'x86-64-v4'])

const cpu: PropertyStringRule = ({cputype}, properties, {customCpuModels, version}) => {
  if (cputype === undefined) return 'CPU is missing cputype\n'
  if (cputype.startsWith('custom-')) {
    return customCpuModels?.has(cputype) ? undefined : `Custom cputype '${cputype.slice('custom-'.length)}' not found\n`
  }
  const isLevel = version !== '7.4' && CPU_LEVELS.has(cputype)
  const isBuiltIn = isLevel || (properties.get('reported-model')?.enum?.has(cputype) ?? true)
  return isBuiltIn ? undefined : `Built-in cputype '${cputype}' is not defined (missing 'custom-' prefix?)\n`
}

const prune: PropertyStringRule = (values) => {
  const keepsSome = Object.keys(values).some((key) => key !== 'keep-all' && Number(values[key]) > 0)
  return keepsSome && values['keep-all'] === '1' ? 'keep-all cannot be set together with other options.\n' : undefined
}

const fleecing: PropertyStringRule = ({enabled, storage}) =>
  enabled === '1' && storage === undefined ? "'storage' parameter is required when 'enabled' is set\n" : undefined

export const PROPERTY_STRING_RULES: Readonly<Record<string, PropertyStringRule>> = {
  'backup-fleecing': fleecing,
  'prune-backups': prune,
  'pve-vm-cpu-conf': cpu,
}
