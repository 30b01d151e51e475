import {parsePropertyString} from '../../domain/property-string.js'

import type {BackupContents} from '../guest/backup-contents.js'

/** The configuration file in a backup: description first, options by name, then where each disk came from. */
export function configText({type, config, disks}: BackupContents): string {
  const {description, ...options} = config
  const lines = [
    ...(description === undefined
      ? []
      : String(description)
          .replace(/\n$/, '')
          .split('\n')
          .map(
            (line) =>
              `#${encodeURIComponent(line)
                .replaceAll('%20', ' ')
                .replaceAll(/%2[CF]|%3[AB]|%40/g, (code) => decodeURIComponent(code))}`,
          )),
    ...Object.keys(options)
      .sort()
      .map((key) => `${key}: ${options[key]}`),
  ]
  if (type === 'qemu') {
    for (const key of Object.keys(disks)) {
      const file = parsePropertyString(String(config[key] ?? ''), {defaultKey: 'file'}).get('file') ?? ''
      const format = /\.(qcow2|vmdk)$/.exec(file)?.[1] ?? 'raw'
      lines.push(`#qmdump#map:${key}:drive-${key}:${file.split(':', 1)[0]}:${format}:`)
    }
  }

  return lines.map((line) => `${line}\n`).join('')
}
