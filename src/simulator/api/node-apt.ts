import {createHash} from 'node:crypto'

import {assertDigest} from '../config/sections.js'
import {die, type Json} from '../kernel/pve-error.js'

import type {Call, Routes} from '../kernel/call.js'
import type {World} from '../kernel/world.js'

const PATH = '/nodes/{node}/apt'
const CODENAMES = {'7.4': 'bullseye', '8.4': 'bookworm', '9.2': 'trixie'} as const
const KERNELS = {'7.4': '5.15.143-1-pve', '8.4': '6.8.12-9-pve', '9.2': '6.17.4-1-pve'} as const

interface Repository {
  readonly handle: string
  readonly name: string
  readonly path: string
  readonly uri: string
  readonly component: string
}

const file = (name: string): string => `/etc/apt/sources.list.d/${name}.list`

const STANDARD: readonly Repository[] = [
  ['enterprise', 'Enterprise', 'pve-enterprise', 'https://enterprise.proxmox.com/debian/pve', 'pve-enterprise'],
  ['no-subscription', 'No-Subscription', 'pve', 'http://download.proxmox.com/debian/pve', 'pve-no-subscription'],
  ['test', 'Test', 'pve', 'http://download.proxmox.com/debian/pve', 'pvetest'],
].map(([handle = '', name = '', list = '', uri = '', component = '']) => ({
  handle,
  name,
  path: file(list),
  uri,
  component,
}))
const INITIAL: Readonly<Record<string, number>> = {enterprise: 1}

/** Packages that make up the product, with what they are for. */
const PACKAGES: readonly (readonly [name: string, title: string])[] = [
  ['proxmox-ve', 'Proxmox Virtual Environment'],
  ['pve-manager', 'Proxmox Virtual Environment Management Tools'],
  ['qemu-server', 'Qemu Server Tools'],
  ['pve-container', 'Proxmox VE Container management tool'],
  ['pve-cluster', '"pmxcfs" distributed cluster filesystem for Proxmox Virtual Environment.'],
  ['pve-firewall', 'Proxmox VE Firewall'],
  ['pve-ha-manager', 'Proxmox VE HA Manager'],
  ['libpve-storage-perl', 'Proxmox VE storage management library'],
]

/** Packages and where they come from. There is never anything to update. */
export const nodeAptRoutes: Routes = {
  [`GET ${PATH}/update`]: () => [],

  [`POST ${PATH}/update`]: (call) =>
    call.startTask('aptupdate', '', async (task) => {
      task.log('starting apt-get update')
      for (const [index, {uri, component}] of enabled(call).entries()) {
        await task.sleep(0.5)
        task.log(`Hit:${index + 1} ${uri} ${CODENAMES[call.world.release]} InRelease [${component}]`)
      }

      task.log('Reading package lists...')
    }),

  [`GET ${PATH}/versions`]: ({world}) =>
    PACKAGES.map(([name, title]) => {
      const {version, repoid} = world.meta.version
      return {
        Package: name,
        Title: title,
        Description: title,
        Version: name === 'proxmox-ve' ? `${version.split('.', 2).join('.')}.0` : version,
        OldVersion: name === 'proxmox-ve' ? `${version.split('.', 2).join('.')}.0` : version,
        CurrentState: 'Installed',
        Arch: 'all',
        Origin: 'Proxmox',
        Priority: 'optional',
        Section: 'admin',
        ...(name === 'proxmox-ve' && {RunningKernel: KERNELS[world.release]}),
        ...(name === 'pve-manager' && {ManagerVersion: `${version}/${repoid}`}),
      }
    }),

  [`GET ${PATH}/changelog`](call) {
    const name = call.required('name')
    const known = PACKAGES.some(([known]) => known === name) ? name : die(`changelog for ${name} not available`)
    const {version} = call.world.meta.version
    return `${known} (${version}) ${CODENAMES[call.world.release]}; urgency=medium\n\n  * release\n\n -- Proxmox Support Team <support@proxmox.com>\n`
  },

  [`GET ${PATH}/repositories`]: (call) => repositories(call),

  /** Adds a standard repository, or enables it where it is there already. */
  [`PUT ${PATH}/repositories`](call) {
    assertDigest(call.text('digest'), digest(call))
    const handle = call.required('handle')
    if (!STANDARD.some((repository) => repository.handle === handle)) die(`unknown handle: ${handle}`)
    set(call, handle, true)
    return null
  },

  [`POST ${PATH}/repositories`](call) {
    assertDigest(call.text('digest'), digest(call))
    const path = call.required('path')
    const inFile = configured(call).filter((repository) => repository.path === path)
    const found = inFile[call.number('index') ?? 0]
    if (!found) die(`invalid index - ${call.required('index')}`)
    const isEnabled = call.flag('enabled')
    if (isEnabled !== undefined) set(call, found.handle, isEnabled)
    return null
  },
}

function states({world, node}: Pick<Call, 'node' | 'world'>): Readonly<Record<string, number>> {
  return (world.store.of('nodeConfig').get(`${node}/apt`) as Readonly<Record<string, number>> | undefined) ?? INITIAL
}

function set(call: Call, handle: string, isEnabled: boolean): void {
  call.world.store.of('nodeConfig').put(`${call.node}/apt`, {...states(call), [handle]: isEnabled ? 1 : 0})
}

const configured = (call: Call): readonly Repository[] =>
  STANDARD.filter(({handle}) => states(call)[handle] !== undefined)
const enabled = (call: Call): readonly Repository[] => configured(call).filter(({handle}) => states(call)[handle] === 1)

const digest = (call: Call): string =>
  createHash('sha256')
    .update(JSON.stringify(states(call)))
    .digest('hex')

function repositories(call: Call): Json {
  const state = states(call)
  const paths = [...new Set(configured(call).map(({path}) => path))]
  const entry = (world: World, {handle, uri, component}: Repository): Json => ({
    Enabled: state[handle] ?? 0,
    FileType: 'list',
    Types: ['deb'],
    URIs: [uri],
    Suites: [CODENAMES[world.release]],
    Components: [component],
    Comment: '',
  })
  return {
    digest: digest(call),
    errors: [],
    files: paths.map((path) => ({
      path,
      'file-type': 'list',
      digest: [...createHash('sha256').update(path).digest()],
      repositories: configured(call)
        .filter((repository) => repository.path === path)
        .map((repository) => entry(call.world, repository)),
    })),
    infos: paths.map((path) => ({path, index: '0', kind: 'origin', message: 'Proxmox'})),
    'standard-repos': STANDARD.map(({handle, name}) => ({
      handle,
      name,
      ...(state[handle] !== undefined && {status: state[handle]}),
    })),
  }
}
