import type {GuestOptions} from './guest-options.js'
import {parsePropertyString} from './property-string.js'
import {Secret} from './secret.js'

/** Options of a VM that belong to no privilege: only root@pam himself sets them, and no token is he (reference 2.3). */
const NO_PRIVILEGE =
  /^(?:affinity|allow-ksm|amd-sev|arch|args|hookscript|hugepages|intel-tdx|ivshmem|keephugepages|lock|rng0|spice_enhancements|vmgenid|parallel\d+)$/

/** What of a VM's options only root@pam with a password may set, each with the reason. */
export function rootOnlyOptions(options: GuestOptions): {readonly key: string; readonly why: string}[] {
  return Object.entries(options).flatMap(([key, value]) => {
    const why = value instanceof Secret ? undefined : reasonFor(key, String(value))
    return why === undefined ? [] : [{key, why}]
  })
}

function reasonFor(key: string, value: string): string | undefined {
  if (NO_PRIVILEGE.test(key)) return 'it belongs to no privilege'
  if (/^serial\d+$/.test(key) && value !== 'socket') return 'it is a device of the node'
  if (/^hostpci\d+$/.test(key) && !/(?:^|,)mapping=/.test(value)) return 'the device has no mapping'
  if (/^usb\d+$/.test(key) && !/(?:^|,)mapping=|^(?:host=)?spice\b/i.test(value)) return 'the device has no mapping'
  if (!/^(?:ide|sata|scsi|virtio|efidisk|tpmstate)\d+$/.test(key)) return undefined
  return value.startsWith('/') || /(?:^|,)import-from=\//.test(value) ? 'it names a file of the node itself' : undefined
}

/**
 * What of a container's options only root@pam with a password may set, each in words.
 * @param privileged whether root in it is root on the node; nobody else may give such a one any feature (reference 2.13)
 */
export function rootOnlyContainerOptions(
  options: GuestOptions,
  privileged: boolean,
): {readonly key: string; readonly why: string}[] {
  return Object.entries(options).flatMap(([key, value]) => {
    const text = value instanceof Secret ? '' : String(value)
    if (key === 'features') {
      const names = [...parsePropertyString(text).keys()].filter((name) => privileged || name !== 'nesting')
      return names.map((name) => ({key, why: `the feature ${name}${privileged ? ' of a privileged container' : ''}`}))
    }

    return /^mp\d+$/.test(key) && text.startsWith('/') ? [{key, why: `the mount of ${text.split(',', 1)[0]}`}] : []
  })
}
