import {randomUUID} from 'node:crypto'

import {parseProperties, printProperties} from './property-string.js'

import type {World} from '../kernel/world.js'

/** The QEMU a release ships. */
const QEMU: Readonly<Record<string, string>> = {'7.4': '7.2.0', '8.4': '9.2.0', '9.2': '10.1.2'}

export const newUuid = (): string => randomUUID()

/** The version of QEMU on the nodes. */
export function qemuVersion(world: World): string {
  return QEMU[world.release] ?? '9.2.0'
}

/** `meta` of a new VM: what made it, and when. */
export function newMeta(world: World): string {
  return `creation-qemu=${qemuVersion(world)},ctime=${world.clock.now()}`
}

/** SMBIOS data with another UUID; the rest stays. */
export function renewSmbios(value: number | string | undefined): string {
  const {properties} = parseProperties(String(value ?? ''), [])
  const rest = new Map(properties)
  rest.delete('uuid')
  return [`uuid=${newUuid()}`, printProperties({properties: rest})].filter(Boolean).join(',')
}

/** Public keys as they are given: percent-encoded, one a line. */
const KEY_LINE = /^(?:\S+\s+)?(?:(?:sk-)?(?:ssh|ecdsa)-\S+)\s+[A-Za-z\d+/]+=*(?:\s.*)?$/

/** Whether every line of an encoded `sshkeys` is a public key, a comment or empty. */
export function areSshKeys(encoded: string): boolean {
  let text: string
  try {
    text = decodeURIComponent(encoded)
  } catch {
    return false
  }

  return text.split('\n').every((line) => /^\s*(?:#.*)?$/.test(line) || KEY_LINE.test(line.trim()))
}
