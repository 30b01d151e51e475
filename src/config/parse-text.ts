import type {Result} from 'neverthrow'

import {crossChecks} from './cross-checks.js'
import type {FileSettings} from './configuration.js'
import {parseChecked} from './parse-checked.js'
import type {Problem} from './problem.js'
import {configurationSchema, knownKeys} from './schema.js'
import {settingsOf, type Folders} from './settings-of.js'

/** Checks the text of a configuration file; every problem at once, each with its place. An empty file says nothing, which is fine. */
export function parseText(text: string, folders: Folders): Result<FileSettings, Problem[]> {
  return parseChecked(text, folders.file, {
    schema: configurationSchema,
    knownKeys,
    remedyAt: (path) =>
      path.at(-2) === 'hosts' ? HOST_REMEDY : (REMEDIES[path.slice(2).join('.')] ?? REMEDIES[String(path.at(-1))]),
    crossChecks,
  }).map((raw) => settingsOf(raw, folders))
}

const HOST_REMEDY = 'write a name or an address, like pve1.lan'

const REMEDIES: Readonly<Record<string, string>> = {
  memory: 'write MiB as a number, or a size like 4GiB',
  diskSize: 'write GiB as a number, or a size like 40GiB',
  endpoints: 'write a list of addresses, like [https://pve1.lan:8006]',
  'placement.memoryCeiling': 'write a percentage from 1 to 1000',
  vmids: 'write the first and the last one, like 8000-8099',
  'ssh.port': 'write a number from 1 to 65535',
  'ssh.user': 'write the name of a user, like root',
  osType: 'write what Proxmox VE calls it: l26 for Linux',
  firmware: 'write bios or uefi',
}
