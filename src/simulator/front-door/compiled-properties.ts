import type {NamedFormats, PropertySchema} from '../../schema/schema.js'
import {findFormat} from './formats.js'
import type {FormatCheck} from './format-check.js'
import {schemaPattern} from './perl-regexp.js'

/**
 * Highest index of the parameters that the schema writes as `net[n]` (reference 2.1; corosync has eight links, a node six ACME domains). Container
 * and VM agree wherever both have the parameter.
 */
const HIGHEST_INDEX: Readonly<Record<string, number>> = {
  acmedomain: 5,
  dev: 255,
  hostpci: 15,
  ide: 3,
  ipconfig: 31,
  link: 7,
  mp: 255,
  net: 31,
  numa: 7,
  parallel: 2,
  sata: 5,
  scsi: 30,
  serial: 3,
  unused: 255,
  usb: 13,
  virtio: 15,
  virtiofs: 9,
}

const INDEXED_TEMPLATE = /^.+\[n\]$/
const INDEXED_NAME = /^([a-z]+)(0|[1-9]\d{0,3})$/

/** The properties of a property string, and the name of its format where it has one. */
export interface PropertyStringFormat {
  readonly name: string | undefined
  readonly properties: CompiledProperties
}

/** A property with its pattern, format and enumeration prepared. */
export interface CompiledProperty {
  readonly schema: PropertySchema
  readonly isRequired: boolean
  readonly pattern: RegExp | undefined
  readonly format: FormatCheck | PropertyStringFormat | undefined
  readonly enum: ReadonlySet<string> | undefined
  readonly items: CompiledProperty | undefined
  /** `oneOf` by the value of another property: instance types -> what the property then is. */
  readonly variants: readonly {readonly types: readonly string[]; readonly property: CompiledProperty}[] | undefined
}

function compileFormat(format: PropertySchema['format'], formats: NamedFormats): CompiledProperty['format'] {
  if (format === undefined) return undefined
  if (typeof format === 'object') return {name: undefined, properties: new CompiledProperties(format, formats)}
  const properties = formats[format]
  return properties === undefined
    ? findFormat(format)
    : {name: format, properties: new CompiledProperties(properties, formats)}
}

export function compileProperty(schema: PropertySchema, formats: NamedFormats): CompiledProperty {
  return {
    schema,
    isRequired: isRequired(schema),
    pattern: schema.pattern === undefined ? undefined : schemaPattern(schema.pattern),
    format: compileFormat(schema.format, formats),
    enum: schema.enum === undefined ? undefined : new Set(schema.enum.map(String)),
    items: schema.items === undefined ? undefined : compileProperty(schema.items, formats),
    variants:
      schema.oneOf === undefined || schema['type-property'] === undefined
        ? undefined
        : schema.oneOf.map((variant) => ({
            types: variant['instance-types'] ?? [],
            property: compileProperty(variant, formats),
          })),
  }
}

function isRequired({optional, alias, type, oneOf}: PropertySchema): boolean {
  if (oneOf !== undefined) return oneOf.some((variant) => variant.optional !== 1)
  return optional !== 1 && alias === undefined && type !== 'null'
}

/** A set of named properties, each compiled when it is first used. */
export class CompiledProperties {
  readonly required: readonly string[]
  /** The key of a part without `=`, in property strings. */
  readonly defaultKey: string | undefined
  readonly #schemas: ReadonlyMap<string, PropertySchema>
  readonly #formats: NamedFormats
  readonly #compiled = new Map<string, CompiledProperty>()

  constructor(properties: Readonly<Record<string, PropertySchema>>, formats: NamedFormats) {
    const entries = Object.entries(properties)
    this.#schemas = new Map(entries)
    this.#formats = formats
    this.required = entries
      .filter(([name, schema]) => isRequired(schema) && !INDEXED_TEMPLATE.test(name))
      .map(([name]) => name)
    this.defaultKey = entries.find(([, schema]) => schema.default_key === 1)?.[0]
  }

  get(name: string): CompiledProperty | undefined {
    const known = this.#compiled.get(name)
    if (known !== undefined) return known
    const key = this.#schemaKey(name)
    const schema = key === undefined ? undefined : this.#schemas.get(key)
    if (key === undefined || schema === undefined) return undefined
    let compiled = this.#compiled.get(key)
    if (compiled === undefined) {
      compiled = compileProperty(schema, this.#formats)
      this.#compiled.set(key, compiled)
    }
    return compiled
  }

  #schemaKey(name: string): string | undefined {
    if (this.#schemas.has(name)) return INDEXED_TEMPLATE.test(name) ? undefined : name
    const [, prefix, index] = INDEXED_NAME.exec(name) ?? []
    if (prefix === undefined || Number(index) > (HIGHEST_INDEX[prefix] ?? -1)) return undefined
    return `${prefix}[n]`
  }
}
