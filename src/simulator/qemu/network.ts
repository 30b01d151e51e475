import {randomMac} from '../guest/mac-address.js'
import {parseProperties, printProperties} from './property-string.js'

import type {World} from '../kernel/world.js'

const MODELS = [
  'e1000',
  'e1000-82540em',
  'e1000-82544gc',
  'e1000-82545em',
  'e1000e',
  'i82551',
  'i82557b',
  'i82559er',
  'ne2k_isa',
  'ne2k_pci',
  'pcnet',
  'rtl8139',
  'virtio',
  'vmxnet3',
] as const

/** A network card: its model, its address, and the rest. */
export interface Net {
  readonly model: string
  readonly mac: string | undefined
  readonly properties: ReadonlyMap<string, string>
}

export function parseNet(text: string): Net {
  const {head, properties} = parseProperties(text, [])
  const rest = new Map(properties)
  let model = rest.get('model') ?? head ?? 'virtio'
  let mac = rest.get('macaddr')
  for (const name of MODELS) {
    const value = rest.get(name)
    if (value === undefined) continue
    model = name
    mac = value
    rest.delete(name)
  }

  rest.delete('model')
  rest.delete('macaddr')
  return {model, mac, properties: rest}
}

export function printNet({model, mac, properties}: Net): string {
  return printProperties({head: mac === undefined ? model : `${model}=${mac}`, properties: new Map(properties)})
}

/** The card as the configuration holds it: one without an address gets one. */
export function completeNet(world: World, text: string): string {
  const net = parseNet(text)
  return printNet({...net, mac: net.mac ?? randomMac(world)})
}

/** The same card with another address, for a clone. */
export function renewMac(world: World, text: string): string {
  return printNet({...parseNet(text), mac: randomMac(world)})
}
