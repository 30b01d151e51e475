import type {Stats} from 'node:fs'

import type {Problem} from './problem.js'

/** What is wrong with a configuration file before it is read: whoever may write it decides which commands run here. */
export function guardFile(file: string, stats: Stats, uid: number | undefined): Problem[] {
  if (!stats.isFile()) return [{file, message: 'is not a file', remedy: 'remove it'}]
  if (uid === undefined) return []
  if (stats.uid !== uid && stats.uid !== 0) {
    return [
      {
        file,
        message: 'belongs to another user, who could make this program run commands',
        remedy: `take it over: sudo chown "$USER" ${file}`,
      },
    ]
  }

  return (stats.mode & 0o002) === 0
    ? []
    : [{file, message: 'can be changed by everybody', remedy: `chmod go-w ${file}`}]
}

/** A file that holds a secret is its owner's alone. */
export function guardSecretFile(file: string, stats: Stats, uid: number | undefined): Problem[] {
  if (uid === undefined || (stats.mode & 0o077) === 0) return []
  return [{file, message: 'holds a secret and can be read by others', remedy: `chmod 600 ${file}`}]
}
