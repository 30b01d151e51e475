import type {PropertyRecord} from '../kernel/state.js'

const MIB = 1024 ** 2

interface Appliance {
  readonly os: string
  readonly name: string
  readonly version: string
  readonly extension: string
  readonly size: number
  readonly headline: string
}

const SYSTEM: readonly Appliance[] = [
  {
    os: 'alpine',
    name: 'alpine-3.20-default',
    version: '20240908',
    extension: 'tar.xz',
    size: 3 * MIB,
    headline: 'LXC default image for alpine 3.20 (20240908)',
  },
  {
    os: 'debian-11',
    name: 'debian-11-standard',
    version: '11.7-1',
    extension: 'tar.zst',
    size: 122 * MIB,
    headline: 'Debian 11 Bullseye (standard)',
  },
  {
    os: 'debian-12',
    name: 'debian-12-standard',
    version: '12.7-1',
    extension: 'tar.zst',
    size: 120 * MIB,
    headline: 'Debian 12 Bookworm (standard)',
  },
  {
    os: 'fedora',
    name: 'fedora-41-default',
    version: '20241118',
    extension: 'tar.xz',
    size: 63 * MIB,
    headline: 'LXC default image for fedora 41 (20241118)',
  },
  {
    os: 'ubuntu-22.04',
    name: 'ubuntu-22.04-standard',
    version: '22.04-1',
    extension: 'tar.zst',
    size: 123 * MIB,
    headline: 'Ubuntu 22.04 Jammy (standard)',
  },
  {
    os: 'ubuntu-24.04',
    name: 'ubuntu-24.04-standard',
    version: '24.04-2',
    extension: 'tar.zst',
    size: 135 * MIB,
    headline: 'Ubuntu 24.04 Noble (standard)',
  },
]

/** The templates a node knows to download, as `GET /nodes/{node}/aplinfo` lists them. */
export function applianceList(): readonly PropertyRecord[] {
  return SYSTEM.map(({os, name, version, extension, headline}) => {
    const template = `${name}_${version}_amd64.${extension}`
    return {
      type: 'lxc',
      section: 'system',
      architecture: 'amd64',
      os,
      package: name,
      version,
      headline,
      description: headline,
      infopage: 'https://pve.proxmox.com/wiki/Linux_Container#pct_supported_distributions',
      maintainer: 'Proxmox Support Team <support@proxmox.com>',
      source: 'http://download.proxmox.com/images/system',
      location: `http://download.proxmox.com/images/system/${template}`,
      template,
    }
  })
}

/** Bytes of a template that can be downloaded; undefined for any other name. */
export function applianceSize(template: string): number | undefined {
  return SYSTEM.find(({name, version, extension}) => template === `${name}_${version}_amd64.${extension}`)?.size
}
