import {splitPropertyString} from '../../domain/property-string.js'
import type {PveVersion} from '../../schema/schema.js'
import type {CompiledProperties, CompiledProperty, PropertyStringFormat} from './compiled-properties.js'
import type {FormatContext} from './format-check.js'
import {addError, hasErrors, MISSING, newErrors, type ParameterErrors, UNKNOWN} from './parameter-errors.js'
import {PROPERTY_STRING_RULES} from './property-string-rules.js'

/** A value as a handler gets it: integers, numbers and booleans (1 or 0) as numbers, everything else as text. */
export type ScalarValue = string | number
export type ParameterValue = ScalarValue | readonly ScalarValue[]

const INTEGER = /^[+-]?\d+\n?$/
const NUMBER = /^[+-]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?\n?$/

const isAbsent = (value: unknown): value is null | undefined => value === undefined || value === null

/** What Perl calls the reference that a JSON value becomes. */
function perlReference(value: object | boolean): string {
  if (typeof value === 'boolean') return 'JSON::PP::Boolean'
  return Array.isArray(value) ? 'ARRAY' : 'HASH'
}

/**
 * Checks one present value in Proxmox's order (type, format, pattern, lengths, bounds, enumeration), reports at most one problem, and returns the
 * value as a handler gets it.
 */
export function checkValue(
  property: CompiledProperty,
  value: unknown,
  path: string,
  errors: ParameterErrors,
  context: FormatContext,
): ParameterValue | undefined {
  const {type} = property.schema
  if (type === 'array') return checkArray(property, value, path, errors, context)
  if (typeof value === 'object' || typeof value === 'boolean') {
    if (typeof value === 'boolean' && type === 'boolean') return Number(value)
    if (type !== undefined)
      addError(errors, path, `type check ('${type}') failed - got ${perlReference(value as object | boolean)}`)
    return undefined
  }
  const text = String(value)
  const isWrongType =
    (type === 'boolean' && text !== '1' && text !== '0') ||
    (type === 'integer' && !INTEGER.test(text)) ||
    (type === 'number' && !NUMBER.test(text))
  const problem = isWrongType
    ? `type check ('${type}') failed - got '${text}'`
    : textProblem(property, text, path, context)
  if (problem !== undefined) {
    addError(errors, path, problem)
    return undefined
  }
  return type === 'integer' || type === 'number' || type === 'boolean' ? Number(text) : text
}

function checkArray(
  {items}: CompiledProperty,
  value: unknown,
  path: string,
  errors: ParameterErrors,
  context: FormatContext,
): ParameterValue | undefined {
  if (!Array.isArray(value)) {
    addError(errors, path, "type check ('array') failed")
    return undefined
  }
  const checked: ScalarValue[] = []
  for (const [index, item] of (value as unknown[]).entries()) {
    if (items === undefined) checked.push(String(item))
    else if (isAbsent(item)) {
      if (items.isRequired) addError(errors, `${path}[${index}]`, MISSING)
    } else {
      const result = checkValue(items, item, `${path}[${index}]`, errors, context)
      if (typeof result === 'string' || typeof result === 'number') checked.push(result)
    }
  }
  return checked
}

function textProblem(
  property: CompiledProperty,
  text: string,
  path: string,
  context: FormatContext,
): string | undefined {
  const {format, pattern, schema} = property
  if (format !== undefined) {
    const problem =
      typeof format === 'function' ? format(text, context) : propertyStringProblem(format, text, path, context)
    if (problem !== undefined) return `invalid format - ${problem}`
  }
  if (pattern !== undefined && !pattern.test(text)) return 'value does not match the regex pattern'
  const {maxLength, minLength, maximum, minimum} = schema
  if (maxLength !== undefined && text.length > maxLength && [...text].length > maxLength)
    return `value may only be ${maxLength} characters long`
  if (minLength !== undefined && [...text].length < minLength)
    return `value must be at least ${minLength} characters long`
  if ((maximum !== undefined || minimum !== undefined) && NUMBER.test(text)) {
    if (maximum !== undefined && Number(text) > maximum) return `value must have a maximum value of ${maximum}`
    if (minimum !== undefined && Number(text) < minimum) return `value must have a minimum value of ${minimum}`
  }
  if (property.enum !== undefined && !property.enum.has(text)) {
    return `value '${text}' does not have a value in the enumeration '${[...property.enum].join(', ')}'`
  }
  return undefined
}

/** Inside property strings, unlike in parameters, words are booleans too. */
function booleanText(text: string): string {
  if (/^(?:1|on|yes|true)$/i.test(text)) return '1'
  return /^(?:0|off|no|false)$/i.test(text) ? '0' : text
}

/** Reads the parts into key -> value, following aliases, or says why that is impossible. */
function readParts(properties: CompiledProperties, text: string): Record<string, string> | string {
  const values = Object.create(null) as Record<string, string>
  let bareKey: string | undefined
  for (const part of splitPropertyString(text)) {
    if (part.key === undefined) {
      const key = properties.defaultKey
      if (key === undefined) return 'value without key, but schema does not define a default key\n'
      if (bareKey !== undefined || (values[key] ?? '0') !== '0')
        return `duplicate key in comma-separated list property: ${key}\n`
      bareKey = key
      values[key] = part.value
      continue
    }
    let {key} = part
    if (key === '' || part.value === '') return 'missing key in comma-separated list property\n'
    if (values[key] !== undefined) return `duplicate key in comma-separated list property: ${key}\n`
    const {alias, keyAlias} = properties.get(key)?.schema ?? {}
    if (alias !== undefined) {
      if (keyAlias !== undefined) {
        if (values[keyAlias] !== undefined) return `key alias '${keyAlias}' is already defined\n`
        values[keyAlias] = key
      }
      key = alias
    }
    values[key] = properties.get(key)?.schema.type === 'boolean' ? booleanText(part.value) : part.value
  }
  return values
}

function propertyStringProblem(
  {name, properties}: PropertyStringFormat,
  text: string,
  path: string,
  context: FormatContext,
): string | undefined {
  const values = readParts(properties, text)
  if (typeof values === 'string') return values
  const errors = newErrors()
  checkObject(properties, values, path, false, errors, context)
  if (hasErrors(errors)) {
    const lines = Object.keys(errors)
      .sort()
      .map((key) => `${key}: ${errors[key]}\n`)
    return `format error\n${lines.join('')}`
  }
  const rule = name === undefined ? undefined : PROPERTY_STRING_RULES[name]
  return rule?.(values, properties, context)
}

function requiresText(version: PveVersion, path: string): string {
  return version === '9.2'
    ? `missing property required by '${path}'`
    : `missing property - '${path}' requires this property`
}

/** What a property is for the instance at hand; `undefined` when it does not exist there. */
function variantOf(
  property: CompiledProperty,
  values: Readonly<Record<string, unknown>>,
): CompiledProperty | undefined {
  if (property.variants === undefined) return property
  const instance = values[property.schema['type-property'] ?? '']
  return property.variants.find(({types}) => types.includes(String(instance)))?.property
}

/**
 * Checks values against properties: presence, then each value, then what it requires, and unknown names. Returns the values as a handler gets them.
 * `path` is the prefix of their names in the errors, `''` for parameters.
 */
export function checkObject(
  properties: CompiledProperties,
  values: Readonly<Record<string, unknown>>,
  path: string,
  allowsUnknown: boolean,
  errors: ParameterErrors,
  context: FormatContext,
): Record<string, ParameterValue> {
  const checked = Object.create(null) as Record<string, ParameterValue>
  const prefix = path === '' ? '' : `${path}.`
  for (const name of properties.required) {
    if (isAbsent(values[name]) && variantOf(properties.get(name)!, values)?.isRequired)
      addError(errors, prefix + name, MISSING)
  }
  const unknown: string[] = []
  const names = Object.keys(values)
  for (const name of names) {
    const declared = properties.get(name)
    const property = declared === undefined ? undefined : variantOf(declared, values)
    const value = values[name]
    if (property === undefined) {
      if (!allowsUnknown) unknown.push(name)
      else if (typeof value === 'string' || typeof value === 'number') checked[name] = value
    } else if (!isAbsent(value)) {
      const result = checkValue(property, value, prefix + name, errors, context)
      if (result !== undefined) checked[name] = result
    }
  }
  for (const name of names) {
    const requires = properties.get(name)?.schema.requires
    if (requires !== undefined && isAbsent(values[requires]))
      addError(errors, prefix + requires, requiresText(context.version, prefix + name))
  }
  for (const name of unknown) addError(errors, prefix + name, UNKNOWN)
  return checked
}
