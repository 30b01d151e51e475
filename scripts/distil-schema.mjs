#!/usr/bin/env node
/**
 * Reduces Proxmox VE API descriptions to what this project checks requests with.
 *
 *   node scripts/distil-schema.mjs INPUT_FOLDER
 *
 * INPUT_FOLDER holds `schema-<version>.json.gz` (path -> method -> description) for each version below and `formats.json` (format name -> the
 * properties of a property string, or "code" for a format that only a program can check). Only structure is kept; results are reduced to their
 * type. The output is sorted, so the same input gives the same bytes.
 */
import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {gunzipSync, gzipSync} from 'node:zlib'

const VERSIONS = ['7.4', '8.4', '9.2']
const METHODS = ['GET', 'POST', 'PUT', 'DELETE']

const PROPERTY_KEYS = new Set([
  'additionalProperties',
  'alias',
  'allOf',
  'default',
  'default_key',
  'enum',
  'format',
  'instance-type',
  'instance-types',
  'items',
  'keyAlias',
  'maxLength',
  'maximum',
  'minLength',
  'minimum',
  'oneOf',
  'optional',
  'pattern',
  'properties',
  'requires',
  'type',
  'type-property',
  'type-property-schema',
])
const NUMBERS = new Set(['maxLength', 'maximum', 'minLength', 'minimum'])
const FLAGS = new Set(['default_key', 'optional'])

/** These declare no parameters at all, and so Proxmox does not look at what it is given. All others without parameters refuse any. */
const UNCHECKED = new Set([
  'GET /access/ticket',
  'GET /cluster/firewall',
  'GET /cluster/firewall/macros',
  'GET /cluster/firewall/options',
])

/**
 * Parts of property strings that the input lacks, because their names are also words of the description language itself:
 * path template -> parameter -> name -> description.
 */
const INTERFACE_NAME = {pattern: String.raw`[-_.\w\d]+`, type: 'string'}
const DEVICE_DESCRIPTION = {maxLength: 4096, optional: 1, type: 'string'}
const SHARED_MEMORY_NAME = {optional: 1, pattern: String.raw`[a-zA-Z0-9\-]+`, type: 'string'}
const FABRIC_INTERFACE = {format: 'pve-iface', type: 'string'}
const SUPPLEMENTS = {
  '/cluster/mapping/pci': {map: {description: DEVICE_DESCRIPTION}},
  '/cluster/mapping/pci/{id}': {map: {description: DEVICE_DESCRIPTION}},
  '/cluster/mapping/usb': {map: {description: DEVICE_DESCRIPTION}},
  '/cluster/mapping/usb/{id}': {map: {description: DEVICE_DESCRIPTION}},
  '/cluster/sdn/fabrics/node/{fabric_id}': {interfaces: {name: FABRIC_INTERFACE}},
  '/cluster/sdn/fabrics/node/{fabric_id}/{node_id}': {interfaces: {name: FABRIC_INTERFACE}},
  '/nodes/{node}/lxc': {'net[n]': {name: INTERFACE_NAME}},
  '/nodes/{node}/lxc/{vmid}/config': {'net[n]': {name: INTERFACE_NAME}},
  '/nodes/{node}/qemu': {ivshmem: {name: SHARED_MEMORY_NAME}},
  '/nodes/{node}/qemu/{vmid}/config': {ivshmem: {name: SHARED_MEMORY_NAME}},
}

/** Adds the missing parts to the property string of a parameter, wherever in its description that is. */
function supplement(node, parts) {
  if (typeof node.format === 'object') return {...node, format: {...parts, ...node.format}}
  if (node.items !== undefined) return {...node, items: supplement(node.items, parts)}
  return node.oneOf === undefined ? node : {...node, oneOf: node.oneOf.map((variant) => supplement(variant, parts))}
}

function parameters(node, verb, path) {
  const extra = SUPPLEMENTS[path] ?? {}
  if (node.properties !== undefined) {
    return {
      ...node,
      properties: Object.fromEntries(
        Object.entries(node.properties).map(([name, value]) => [
          name,
          name in extra ? supplement(value, extra[name]) : value,
        ]),
      ),
    }
  }
  return node.additionalProperties === 0 && !UNCHECKED.has(`${verb} ${path}`) ? {...node, properties: {}} : node
}

/** The list of the top level, which the input leaves out. */
const ROOT = {'/': {GET: {parameters: {additionalProperties: 0}, permissions: {user: 'all'}, returns: {type: 'array'}}}}

const input = process.argv[2]
if (input === undefined) {
  console.error('usage: node scripts/distil-schema.mjs INPUT_FOLDER')
  process.exit(2)
}

/**
 * Image references match `(?:SEPARATOR*[a-z\d]+)*`, which backtracks without end in JavaScript. One character per round accepts the same texts in
 * linear time.
 */
const linear = (pattern) => pattern.replaceAll(String.raw`|[-]*)[a-z\d]+)*`, String.raw`|[-]*)[a-z\d])*`)

const sorted = (object, map) =>
  Object.fromEntries(
    Object.keys(object)
      .sort()
      .map((key) => [key, map(object[key], key)])
      .filter(([, value]) => value !== undefined),
  )

/** Property names are data and are all kept; schema keywords are kept when a check uses them. */
const properties = (map) => sorted(map, schema)

function schema(node) {
  return sorted(node, (value, key) => {
    if (!PROPERTY_KEYS.has(key) || value === null) return undefined
    if (NUMBERS.has(key)) return Number(value)
    if (FLAGS.has(key)) return Number(value) === 1 ? 1 : undefined
    if (key === 'pattern') return linear(value)
    if (key === 'properties') return properties(value)
    if (key === 'format') return typeof value === 'string' ? value : properties(value)
    if (key === 'items' || key === 'type-property-schema') return schema(value)
    if (key === 'allOf' || key === 'oneOf') return value.map((member) => schema(member))
    // A default that is a list or a map belongs to the command line, not to the API.
    if (key === 'default') return typeof value === 'object' ? undefined : value
    return value
  })
}

function method(node, verb, path) {
  return {
    parameters: schema(parameters(node.parameters ?? {}, verb, path)),
    ...(node.permissions === undefined ? {} : {permissions: node.permissions}),
    ...(node.protected ? {protected: 1} : {}),
    ...(typeof node.proxyto === 'string' ? {proxyto: node.proxyto} : {}),
    ...(node.allowtoken === undefined || Number(node.allowtoken) === 1 ? {} : {allowtoken: 0}),
    ...(typeof node.returns?.type === 'string' ? {returns: node.returns.type} : {}),
  }
}

function write(name, value) {
  const target = new URL(`../src/schema/data/${name}.json.gz`, import.meta.url)
  writeFileSync(target, gzipSync(JSON.stringify(value), {level: 9}))
}

for (const version of VERSIONS) {
  const source = JSON.parse(gunzipSync(readFileSync(join(input, `schema-${version}.json.gz`))).toString('utf8'))
  write(
    `pve-${version}`,
    sorted({...ROOT, ...source}, (methods, path) =>
      Object.fromEntries(
        METHODS.filter((verb) => methods[verb] !== undefined).map((verb) => [verb, method(methods[verb], verb, path)]),
      ),
    ),
  )
}

const formats = JSON.parse(readFileSync(join(input, 'formats.json'), 'utf8'))
write(
  'formats',
  sorted(formats, (format) => (typeof format === 'string' ? undefined : properties(format))),
)
