import {spawnSync} from 'node:child_process'

import type {RawStreams} from './runtime.js'

/** What a program may have left switched on: a hidden cursor, mouse reports, bracketed paste, keypad keys, colours. */
const SOFT_RESET =
  '\u001B[?25h\u001B[?1000l\u001B[?1002l\u001B[?1003l\u001B[?1006l\u001B[?2004l\u001B[?1l\u001B>\u001B[0m'

/** The streams of the real process. */
export function processStreams(): RawStreams {
  const {stdin} = process
  return {
    isTerminal: Boolean(stdin.isTTY),
    raw() {
      if (!stdin.isTTY) return () => {}
      // Node's raw mode goes on turning line feeds into new lines, which would put a full-screen program's lines in the wrong columns.
      const enter = (): void => {
        stdin.setRawMode(true)
        spawnSync('stty', ['-opost'], {stdio: ['inherit', 'ignore', 'ignore']})
      }

      // A shell that stopped and resumed us has its own settings on the terminal by then.
      const again = (): void => {
        stdin.setRawMode(false)
        enter()
      }

      enter()
      process.on('SIGCONT', again)
      return () => {
        process.off('SIGCONT', again)
        stdin.setRawMode(false)
        if (process.stdout.isTTY) process.stdout.write(SOFT_RESET)
      }
    },
    onInput(take) {
      let listening = true
      const onData = (bytes: Buffer): void => {
        stdin.pause()
        // Whoever has stopped listening must not be kept waiting for keys.
        void take(bytes).finally(() => listening && stdin.resume())
      }

      const onEnd = (): void => void take(undefined)
      stdin.on('data', onData)
      stdin.on('end', onEnd)
      stdin.resume()
      return () => {
        stdin.off('data', onData)
        stdin.off('end', onEnd)
        listening = false
        stdin.pause()
      }
    },
    write(bytes) {
      const {stdout} = process
      if (stdout.write(bytes)) return undefined
      return new Promise((resolve) => {
        stdout.once('drain', () => resolve())
        stdout.once('close', () => resolve())
      })
    },
    size() {
      const screen = screenOf()
      // Some pseudo-terminals have no size.
      return screen === undefined || screen.columns === 0 || screen.rows === 0
        ? undefined
        : {columns: screen.columns, rows: screen.rows}
    },
    onResize(changed) {
      const screen = screenOf()
      screen?.on('resize', changed)
      return () => screen?.off('resize', changed)
    },
  }
}

/** The screen: stdout, or stderr when stdout goes elsewhere. */
function screenOf(): NodeJS.WriteStream | undefined {
  return [process.stdout, process.stderr].find((stream) => stream.isTTY)
}
