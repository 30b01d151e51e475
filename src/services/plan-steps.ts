import {Secret} from '../domain/secret.js'
import {formatSize} from '../domain/size.js'
import type {GuestOptions} from '../domain/guest-options.js'

/** The options that are set in a clone, in words. */
export function optionSteps(options: GuestOptions): string[] {
  return Object.entries(options).map(([key, value]) => {
    if (value instanceof Secret) return `set ${key}`
    const text = String(value)
    const bridge = key === 'net0' ? /(?:^|,)bridge=([^,]*)/.exec(text)?.[1] : undefined
    if (bridge !== undefined) return `put net0 on ${bridge}`
    if (key === 'memory') return `set memory to ${formatSize(Number(value) * 2 ** 20)}`
    if (key === 'tags') return `set tags ${text.replaceAll(';', ', ')}`
    if (key === 'sshkeys') return 'set sshkeys'
    if (/^(?:ide|sata|scsi|virtio|tpmstate|net)\d+$/.test(key)) return `add ${key}: ${text}`
    return `set ${key} to ${text}`
  })
}
