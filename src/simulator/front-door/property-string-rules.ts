import type {CompiledProperties} from './compiled-properties.js'
import type {FormatContext} from './format-check.js'

type Values = Readonly<Record<string, string>>

/** A rule over a whole property string whose parts are all right; returns what is wrong. */
export type PropertyStringRule = (
  values: Values,
  properties: CompiledProperties,
  context: FormatContext,
) => string | undefined

const cpu: PropertyStringRule = ({cputype}, properties, {customCpuModels}) => {
  if (cputype === undefined) return 'CPU is missing cputype\n'
  if (cputype.startsWith('custom-')) {
    return customCpuModels?.has(cputype) ? undefined : `Custom cputype '${cputype.slice('custom-'.length)}' not found\n`
  }
  const isBuiltIn = properties.get('reported-model')?.enum?.has(cputype) ?? true
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
