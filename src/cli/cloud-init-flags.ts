import {Flags} from '@oclif/core'
import type {ResultAsync} from 'neverthrow'
import type {CloudInitSpec} from '../domain/cloud-init.js'
import type {Failure} from '../domain/failure.js'
import type {Secret} from '../domain/secret.js'
import {accessFlags, readAccess, type AccessFlags, type AccessInput} from './access-flags.js'
import {textFlag, textsFlag} from './text-flags.js'

const several = (description: string, helpValue: string) => textsFlag(description, helpValue, 'CLOUD-INIT')
const one = (description: string, helpValue: string) => textFlag(description, helpValue, 'CLOUD-INIT')

/** How a guest's first start is described; the same for `cloudinit set` and for creating a VM. */
export const cloudInitFlags = {
  user: one('User that gets the keys and the password.', 'NAME'),
  ...accessFlags('CLOUD-INIT', "the user's"),
  ip: several(
    'Address with its prefix, or dhcp; net1=… for another network card; a gateway may follow: ,gw=….',
    'ADDRESS',
  ),
  gateway: one('IPv4 gateway of the only address.', 'ADDRESS'),
  ip6: several('Like --ip, also auto (SLAAC).', 'ADDRESS'),
  gateway6: one('IPv6 gateway of the only address.', 'ADDRESS'),
  dns: several('Name servers.', 'ADDRESS[,ADDRESS]'),
  search: one('Search domain.', 'DOMAIN'),
  cicustom: several('File with cloud-init data of your own: user=local:snippets/web.yml.', 'KIND=VOLUME'),
  upgrade: Flags.boolean({
    allowNo: true,
    description: 'Upgrade the packages at the first start.',
    helpGroup: 'CLOUD-INIT',
  }),
}

export interface CloudInitFlags extends AccessFlags {
  readonly user?: string | undefined
  readonly ip?: string[] | undefined
  readonly gateway?: string | undefined
  readonly ip6?: string[] | undefined
  readonly gateway6?: string | undefined
  readonly dns?: string[] | undefined
  readonly search?: string | undefined
  readonly cicustom?: string[] | undefined
  readonly upgrade?: boolean | undefined
}

/** What the flags ask for. The password goes to the server as `cipassword`, and nowhere else. */
export interface CloudInitWish {
  readonly spec: CloudInitSpec
  readonly password?: Secret
}

/** Reads the flags and what they point to: key files, the agent, addresses, stdin. An empty spec when none was given. */
export function readCloudInit(flags: CloudInitFlags, input: AccessInput): ResultAsync<CloudInitWish, Failure> {
  return readAccess(flags, input).map(({password, sshKeys}) => ({
    spec: specOf(flags, sshKeys),
    ...(password !== undefined && {password}),
  }))
}

function specOf(flags: CloudInitFlags, sshKeys: readonly string[] | undefined): CloudInitSpec {
  const {user, ip, gateway, ip6, gateway6, dns, search, cicustom, upgrade} = flags
  return {
    ...(user !== undefined && {user}),
    ...(sshKeys !== undefined && {sshKeys}),
    ...(ip !== undefined && {ip}),
    ...(gateway !== undefined && {gateway}),
    ...(ip6 !== undefined && {ip6}),
    ...(gateway6 !== undefined && {gateway6}),
    ...(dns !== undefined && {dns}),
    ...(search !== undefined && {searchDomain: search}),
    ...(cicustom !== undefined && {custom: cicustom}),
    ...(upgrade !== undefined && {upgrade}),
  }
}
