import type {MethodSchema, PropertySchema} from '../../schema/schema.js'
import {CompiledProperties} from './compiled-properties.js'
import type {FormatContext} from './format-check.js'
import {addError, hasErrors, newErrors, type ParameterErrors} from './parameter-errors.js'
import {checkObject, type ParameterValue} from './property-check.js'

/** Parameters as a request brings them: texts, repeated keys as arrays, or any JSON value. */
export type RawParams = Readonly<Record<string, unknown>>

/** Checked parameters: integers, numbers and booleans (1 or 0) as numbers, `array` parameters as arrays, the rest as text. */
export type Params = Readonly<Record<string, ParameterValue>>

export type ValidationOptions = Omit<FormatContext, 'version'>

export type ValidationResult =
  {readonly ok: true; readonly params: Params} | {readonly ok: false; readonly errors: ParameterErrors}

/** The parameters of a method, prepared. Some methods of 9.2 take other parameters depending on the value of one (`type`). */
type CompiledParameters =
  | {readonly kind: 'anything'}
  | {readonly kind: 'properties'; readonly properties: CompiledProperties; readonly allowsUnknown: boolean}
  | {
      readonly kind: 'by-type'
      readonly typeProperty: string
      /** The common parameters and the type: what is checked while the type is missing or wrong, with every variant's names known. */
      readonly untyped: CompiledProperties
      readonly byType: ReadonlyMap<string, CompiledProperties>
    }

type Properties = Readonly<Record<string, PropertySchema>>

function compileParameters({parameters, formats}: MethodSchema): CompiledParameters {
  if (parameters.allOf !== undefined) {
    const common: Properties = Object.assign(
      {},
      ...parameters.allOf.map((member) => member.properties ?? {}),
    ) as Properties
    const choice = parameters.allOf.find((member) => member.oneOf !== undefined)
    const typeProperty = choice?.['type-property']
    if (choice?.oneOf === undefined || typeProperty === undefined) {
      return {kind: 'properties', properties: new CompiledProperties(common, formats), allowsUnknown: false}
    }
    const typed: Properties = {...common, [typeProperty]: choice['type-property-schema'] ?? {type: 'string'}}
    const optional = choice.oneOf
      .flatMap((variant) => Object.entries(variant.properties ?? {}))
      .map(([name, schema]) => [name, {...schema, optional: 1}])
    return {
      kind: 'by-type',
      typeProperty,
      untyped: new CompiledProperties({...(Object.fromEntries(optional) as Properties), ...typed}, formats),
      byType: new Map(
        choice.oneOf.map((variant) => [
          variant['instance-type'] ?? '',
          new CompiledProperties({...variant.properties, ...typed}, formats),
        ]),
      ),
    }
  }
  // Without properties Proxmox looks at nothing, not even at unknown names.
  if (parameters.properties === undefined) return {kind: 'anything'}
  return {
    kind: 'properties',
    properties: new CompiledProperties(parameters.properties, formats),
    allowsUnknown: parameters.additionalProperties !== 0,
  }
}

/**
 * Since 8.0 a repeated key is joined for a list in text (`delete=a&delete=b` is `delete=a,b`), and a single value becomes the only element of an
 * array (reference 2.1).
 */
function withLists(properties: CompiledProperties, raw: RawParams): RawParams {
  let changed: Record<string, unknown> | undefined
  for (const name of Object.keys(raw)) {
    const value = raw[name]
    const schema = properties.get(name)?.schema
    if (schema === undefined || value === undefined || value === null) continue
    if (schema.type === 'array') {
      if (!Array.isArray(value)) (changed ??= {...raw})[name] = [value]
    } else if (
      Array.isArray(value) &&
      schema.type === 'string' &&
      typeof schema.format === 'string' &&
      schema.format.endsWith('-list')
    ) {
      ;(changed ??= {...raw})[name] = value.join(',')
    }
  }
  return changed ?? raw
}

function propertiesFor(compiled: Exclude<CompiledParameters, {kind: 'anything'}>, raw: RawParams): CompiledProperties {
  if (compiled.kind === 'properties') return compiled.properties
  const type = raw[compiled.typeProperty]
  return (typeof type === 'string' ? compiled.byType.get(type) : undefined) ?? compiled.untyped
}

/**
 * Checks the parameters of a request, path parameters included, as Proxmox VE of the method's version does: the same errors under the same names.
 * Permissions come before this (`evaluatePermission`).
 */
export function validateParameters(
  method: MethodSchema,
  raw: RawParams,
  options: ValidationOptions = {},
): ValidationResult {
  const compiled = method.derived(compileParameters)
  if (compiled.kind === 'anything') return {ok: true, params: raw as Params}
  const properties = propertiesFor(compiled, raw)
  const values = method.version === '7.4' ? raw : withLists(properties, raw)
  const errors = newErrors()
  const allowsUnknown = compiled.kind === 'properties' && compiled.allowsUnknown
  const params = checkObject(properties, values, '', allowsUnknown, errors, {version: method.version, ...options})
  return hasErrors(errors) ? {ok: false, errors} : {ok: true, params}
}

/**
 * Puts path and other parameters together. A parameter that is in the path may be given again only with the same value. This comes before the
 * permission check.
 */
export function mergeParameters(
  pathParams: Readonly<Record<string, string>>,
  given: RawParams,
): {readonly ok: true; readonly raw: RawParams} | {readonly ok: false; readonly errors: ParameterErrors} {
  const raw = Object.assign(Object.create(null), pathParams, given) as Record<string, unknown>
  for (const name in pathParams) {
    const value = given[name]
    if (value === undefined || String(value) === pathParams[name]) {
      raw[name] = pathParams[name]
      continue
    }
    const errors = newErrors()
    addError(errors, name, 'duplicate parameter (already defined in URI) with conflicting values!')
    return {ok: false, errors}
  }
  return {ok: true, raw}
}
