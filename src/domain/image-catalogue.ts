import {err, ok, type Result} from 'neverthrow'
import type {Checksum} from './cloud-image.js'
import {failure, type Failure} from './failure.js'
import {closest} from './suggest.js'

/** Where the right checksum of an image is known from. */
export type PublishedChecksum =
  /** A file that its publisher keeps beside it: a list of many, or of this one alone. */
  {readonly kind: 'list'; readonly url: string} | {readonly kind: 'value'; readonly checksum: Checksum}

/** A disk image for clouds that its publisher keeps at one address, and what a VM with it needs. */
export interface CloudImage {
  /** What people call it, and how its template is called: `ubuntu-24.04`. */
  readonly name: string
  readonly title: string
  readonly url: string
  readonly checksum: PublishedChecksum
  /** As Proxmox VE calls it: `l26`. */
  readonly osType: string
  /** Whom its cloud-init makes where nobody says otherwise. */
  readonly user?: string
  /** The type of CPU that it needs, where the usual one is too old for it. */
  readonly cpu?: string
  readonly firmware?: 'bios' | 'uefi'
}

interface Source {
  readonly title: string
  readonly folder: string
  readonly file: string
  /** In the same folder. */
  readonly sums: string
  readonly user: string
  readonly cpu?: string
}

const ENTERPRISE_10 = {cpu: 'x86-64-v3'} as const

/**
 * Official images for x86-64. Debian's are the "generic" ones: the kernel of its "genericcloud" images lacks drivers for the bus that the cloud-init
 * drive of a q35 machine is on.
 */
const SOURCES: Readonly<Record<string, Source>> = {
  'ubuntu-22.04': ubuntu('22.04', 'jammy'),
  'ubuntu-24.04': ubuntu('24.04', 'noble'),
  'ubuntu-26.04': ubuntu('26.04', 'resolute'),
  'debian-12': debian('12', 'bookworm'),
  'debian-13': debian('13', 'trixie'),
  'fedora-43': fedora('43', '1.6'),
  'fedora-44': fedora('44', '1.7'),
  'rocky-9': rocky('9'),
  'rocky-10': {...rocky('10'), ...ENTERPRISE_10},
  'alma-9': alma('9'),
  'alma-10': {...alma('10'), ...ENTERPRISE_10},
  'alpine-3.22': alpine('3.22', '3.22.2'),
  'alpine-3.23': alpine('3.23', '3.23.4'),
  'opensuse-15.6': leap('15.6', 'openSUSE-Leap-15.6'),
  'opensuse-16.0': leap('16.0', 'Leap-16.0'),
}

function ubuntu(version: string, codename: string): Source {
  return {
    title: `Ubuntu ${version} LTS`,
    folder: `https://cloud-images.ubuntu.com/releases/${codename}/release`,
    file: `ubuntu-${version}-server-cloudimg-amd64.img`,
    sums: 'SHA256SUMS',
    user: 'ubuntu',
  }
}

function debian(version: string, codename: string): Source {
  return {
    title: `Debian ${version}`,
    folder: `https://cloud.debian.org/images/cloud/${codename}/latest`,
    file: `debian-${version}-generic-amd64.qcow2`,
    sums: 'SHA512SUMS',
    user: 'debian',
  }
}

function fedora(version: string, compose: string): Source {
  return {
    title: `Fedora ${version}`,
    folder: `https://dl.fedoraproject.org/pub/fedora/linux/releases/${version}/Cloud/x86_64/images`,
    file: `Fedora-Cloud-Base-Generic-${version}-${compose}.x86_64.qcow2`,
    sums: `Fedora-Cloud-${version}-${compose}-x86_64-CHECKSUM`,
    user: 'fedora',
  }
}

function rocky(version: string): Source {
  const file = `Rocky-${version}-GenericCloud-Base.latest.x86_64.qcow2`
  return {
    title: `Rocky Linux ${version}`,
    folder: `https://dl.rockylinux.org/pub/rocky/${version}/images/x86_64`,
    file,
    sums: `${file}.CHECKSUM`,
    user: 'rocky',
  }
}

function alma(version: string): Source {
  return {
    title: `AlmaLinux ${version}`,
    folder: `https://repo.almalinux.org/almalinux/${version}/cloud/x86_64/images`,
    file: `AlmaLinux-${version}-GenericCloud-latest.x86_64.qcow2`,
    sums: 'CHECKSUM',
    user: 'almalinux',
  }
}

function alpine(branch: string, version: string): Source {
  const file = `nocloud_alpine-${version}-x86_64-bios-cloudinit-r0.qcow2`
  return {
    title: `Alpine Linux ${branch}`,
    folder: `https://dl-cdn.alpinelinux.org/alpine/v${branch}/releases/cloud`,
    file,
    sums: `${file}.sha512`,
    user: 'alpine',
  }
}

function leap(version: string, prefix: string): Source {
  const file = `${prefix}-Minimal-VM.x86_64-Cloud.qcow2`
  return {
    title: `openSUSE Leap ${version}`,
    folder: `https://download.opensuse.org/distribution/leap/${version}/appliances`,
    file,
    sums: `${file}.sha256`,
    user: 'opensuse',
  }
}

/** The images that are known without any configuration. */
export function officialImages(): CloudImage[] {
  return Object.entries(SOURCES).map(([name, {cpu, file, folder, sums, title, user}]) => ({
    name,
    title,
    url: `${folder}/${file}`,
    checksum: {kind: 'list', url: `${folder}/${sums}`},
    osType: 'l26',
    user,
    ...(cpu !== undefined && {cpu}),
  }))
}

/** The official ones and the user's own, which replace those of the same name; by name. */
export function imageCatalogue(own: Readonly<Record<string, CloudImage>>): CloudImage[] {
  const all = new Map(officialImages().map((image) => [image.name, image]))
  for (const image of Object.values(own)) all.set(image.name, image)
  return [...all.values()].sort((a, b) => a.name.localeCompare(b.name, 'en', {numeric: true}))
}

/** The image of a name; `not-found` with the one that was meant. */
export function imageNamed(catalogue: readonly CloudImage[], name: string): Result<CloudImage, Failure> {
  const found = catalogue.find((image) => image.name === name)
  if (found !== undefined) return ok(found)
  const names = catalogue.map((image) => image.name)
  const near = closest(name, names)
  return err(
    failure('not-found', `no image "${name}" is known`, {
      hint: `${near === undefined ? '' : `Did you mean "${near}"? `}See: homelab proxmox template catalogue; others are described below images in the configuration`,
      details: {reason: 'image-unknown', image: name, images: names},
    }),
  )
}
