import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** Programs named `ssh`, `pct` and `sudo` in a folder for the PATH. */
export interface FakeSsh {
  readonly env: {readonly PATH: string}
  /** The arguments of each call of ssh. */
  calls(): string[][]
  /** Those of each call of pct. */
  pctCalls(): string[][]
  remove(): void
}

/**
 * An `ssh` that writes down what it was called with and gives the words after the host to a shell, as a real one does on the other side; its
 * `pct exec ID -- …` runs the words themselves.
 */
export function fakeSsh(): FakeSsh {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'homelab-ssh-'))
  const program = (name: string, text: string): void =>
    fs.writeFileSync(path.join(folder, name), `#!/bin/sh\n${text}`, {mode: 0o755})
  const writeDown = (file: string): string =>
    `{ for word do printf '%s\\0' "$word"; done; printf '\\n\\0'; } >>'${path.join(folder, file)}'`
  program(
    'ssh',
    `${writeDown('ssh.log')}
more=1
options() { while [ $# -gt 0 ]; do case "$1" in --) more=; shift; break;; -[oLRlpi]) shift 2;; -*) shift;; *) break;; esac; done; left=$#; }
options "$@"; shift $(($# - left)); shift
[ -z "$more" ] || { options "$@"; shift $(($# - left)); }
[ $# -gt 0 ] || exit 0
exec /bin/sh -c "$*"
`,
  )
  program('pct', `${writeDown('pct.log')}\n[ "$1" = exec ] && [ "$3" = -- ] || exit 255\nshift 3\nexec "$@"\n`)
  program('sudo', 'exec "$@"\n')
  const read = (file: string): string[][] => {
    const log = path.join(folder, file)
    if (!fs.existsSync(log)) return []
    const words = fs.readFileSync(log, 'utf8').split('\0').slice(0, -1)
    const calls: string[][] = [[]]
    for (const word of words) {
      if (word === '\n') calls.push([])
      else calls.at(-1)?.push(word)
    }

    return calls.slice(0, -1)
  }

  return {
    env: {PATH: `${folder}${path.delimiter}${process.env['PATH'] ?? ''}`},
    calls: () => read('ssh.log'),
    pctCalls: () => read('pct.log'),
    remove: () => fs.rmSync(folder, {recursive: true, force: true}),
  }
}
