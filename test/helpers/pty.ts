import {spawn, type ChildProcess} from 'node:child_process'

/** A shell command on a pseudo-terminal of its own. */
export class PtySession {
  /** Everything shown so far. */
  output = ''
  readonly exited: Promise<number | null>
  readonly #child: ChildProcess
  readonly #looks = new Set<() => void>()
  #read = 0

  /** @param line for `sh -c`; starts on a terminal of 100 columns and 30 rows */
  constructor(line: string, env: Readonly<Record<string, string>>) {
    this.#child = spawn('script', ['-qec', `stty rows 30 cols 100; ${line}`, '/dev/null'], {
      env: {...env, SHELL: '/bin/sh'},
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (bytes: Buffer) => {
        this.output += bytes.toString('utf8')
        for (const look of this.#looks) look()
      })
    }

    this.exited = new Promise((resolve) => {
      this.#child.once('close', resolve)
    })
  }

  /** Presses keys. */
  type(keys: string): void {
    this.#child.stdin?.write(keys)
  }

  /** Resolves once this is shown after what was last looked for, with what came before it; rejects when the command ends first. */
  sees(text: RegExp | string): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const rest = this.output.slice(this.#read)
        const found = typeof text === 'string' ? rest.indexOf(text) : rest.search(text)
        if (found === -1) return
        const length = typeof text === 'string' ? text.length : (text.exec(rest)?.[0].length ?? 0)
        this.#read += found + length
        this.#looks.delete(look)
        resolve(rest.slice(0, found + length))
      }

      void this.exited.then(() => reject(new Error(`not seen: ${String(text)}, but: ${JSON.stringify(this.output)}`)))
      this.#looks.add(look)
      look()
    })
  }

  /** Nothing remains of it. */
  async end(): Promise<void> {
    this.#child.stdin?.destroy()
    this.#child.kill('SIGKILL')
    await this.exited
  }
}
