import {qemuVersion} from '../qemu/identity.js'

import type {Routes} from '../kernel/call.js'
import type {Json} from '../kernel/pve-error.js'
import type {World} from '../kernel/world.js'

const BASE = '/nodes/{node}/capabilities/qemu'

/** Versions of machines, newest first: `major.first-last`. */
const MACHINES: readonly (readonly [number, readonly string[]])[] = [
  [10, ['1', '0']],
  [9, ['2+pve1', '2', '1', '0']],
  [8, ['2', '1', '0']],
  [7, ['2', '1', '0']],
  [6, ['2', '1', '0']],
  [5, ['2', '1', '0']],
  [4, ['2', '1+pve2', '1+pve1', '1', '0.1', '0']],
  [3, ['1', '0']],
  [2, ['12', '11', '10', '9', '8', '7', '6', '5', '4']],
]
const CHANGES: Readonly<Record<string, string>> = {
  '4.1+pve1': 'Introduction of pveX versioning, no changes.',
  '4.1+pve2': 'Increases the number of SCSI drives supported.',
  '9.2+pve1': 'Disables S3/S4 power states by default.',
}
const VENDORS: readonly (readonly [RegExp, string])[] = [
  [/^(?:EPYC|Opteron|athlon|phenom)/, 'AuthenticAMD'],
  [/^(?:host|max|kvm|qemu|x86-64-)/, 'default'],
]
/** Types every release since 8.0 has of its own. */
const LEVELS = ['x86-64-v2', 'x86-64-v2-AES', 'x86-64-v3', 'x86-64-v4']

/** What QEMU on a node can be told to be. */
export const qemuCapabilitiesRoutes: Routes = {
  [`GET ${BASE}`]: (call) =>
    [
      'cpu',
      ...(call.world.release === '9.2' ? ['cpu-flags'] : []),
      'machines',
      ...(call.world.release === '9.2' ? ['migration'] : []),
    ].map((name) => ({name})),
  [`GET ${BASE}/cpu`]: (call) => cpuModels(call.world),
  [`GET ${BASE}/machines`]: (call) => machines(call.world),
  [`GET ${BASE}/migration`]: () => ({'has-dbus-vmstate': 1}),
}

function cpuModels(world: World): Json {
  const models = world.schema.formats['pve-vm-cpu-conf']?.['reported-model']?.enum ?? []
  return [...models.map(String), ...LEVELS].map((name) => ({
    name,
    custom: 0,
    vendor: VENDORS.find(([pattern]) => pattern.test(name))?.[1] ?? 'GenuineIntel',
  }))
}

function machines(world: World): Json {
  const [major = 0, minor = 0] = qemuVersion(world).split('.').map(Number)
  const versions = MACHINES.flatMap(([number, minors]) => minors.map((rest) => `${number}.${rest}`)).filter(
    (version) => {
      const [ownMajor = 0, ownMinor = 0] = version.split(/[.+]/).map(Number)
      return ownMajor < major || (ownMajor === major && ownMinor <= minor)
    },
  )
  return (['q35', 'i440fx'] as const).flatMap((type) =>
    versions.map((version) => ({
      id: `pc-${type}-${version}`,
      type,
      version,
      ...(CHANGES[version] !== undefined && {changes: CHANGES[version]}),
    })),
  )
}
