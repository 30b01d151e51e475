import {shellLine} from './shell-words.js'

/** Where OpenSSH goes; what is absent is left to its own configuration. */
export interface SshTarget {
  readonly host: string
  readonly user?: string
  readonly port?: number
  readonly identityFile?: string
}

export interface SshOptions {
  /** A terminal on the other side; absent: as ssh decides. */
  readonly tty?: boolean
  /** Never ask: fail where a password or an unknown host key would be asked about. */
  readonly batch?: boolean
  /** Words that may be options follow after the host, which must not look like one then. */
  readonly more?: boolean
}

/** The arguments of `ssh` up to and with the host. Checking host keys is never switched off. */
export function sshArguments(
  {host, user, port, identityFile}: SshTarget,
  {tty, batch = false, more = false}: SshOptions = {},
): string[] {
  return [
    ...(tty === undefined ? [] : [tty ? '-t' : '-T']),
    ...(batch ? ['-o', 'BatchMode=yes'] : []),
    ...(user === undefined ? [] : ['-l', user]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(identityFile === undefined ? [] : ['-i', identityFile]),
    // After it ssh takes nothing for an option any more, not even behind the host.
    ...(more ? [] : ['--']),
    host,
  ]
}

/** `root@192.0.2.11`, for messages. */
export function sshLabel({host, user}: SshTarget): string {
  return user === undefined ? host : `${user}@${host}`
}

/**
 * The line that a node's shell gets, to run words in a container: what the shell makes of it are those words again. Only root may call
 * `pct`, so another user does it with sudo.
 */
export function containerLine(vmid: number, words: readonly string[], user = 'root'): string {
  return shellLine([...(user === 'root' ? [] : ['sudo']), 'pct', 'exec', String(vmid), '--', ...words])
}
