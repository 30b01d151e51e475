import {spawn} from 'node:child_process'
import {readFile, writeFile} from 'node:fs/promises'
import type {GuestSystem} from '../../src/simulator/qemu/guest-system.js'

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EISDIR: 'Is a directory',
  ENOENT: 'No such file or directory',
  ENOTDIR: 'Not a directory',
}
const SIGNALS: Readonly<Record<string, number>> = {SIGINT: 2, SIGKILL: 9, SIGTERM: 15}

/** Guests whose programs and files are those of this machine: tests give them paths in a folder of their own. */
export const thisMachine: GuestSystem = {
  start(_vmid, [file = '', ...args], input) {
    return new Promise((resolve) => {
      const child = spawn(file, args, {stdio: ['pipe', 'pipe', 'pipe']})
      const stdout: Buffer[] = []
      const stderr: Buffer[] = []
      child.on('error', (error: NodeJS.ErrnoException) => {
        const words = WORDS[error.code ?? ''] ?? error.message
        resolve({
          error: `Guest agent command failed, error was 'Failed to execute child process \u201C${file}\u201D (${words})'`,
        })
      })
      child.on('spawn', () => {
        child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
        child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
        child.stdin.on('error', () => {})
        child.stdin.end(input)
        const ended = new Promise<{code: number | null; signal: string | null}>((done) => {
          child.on('close', (code, signal) => done({code, signal}))
        }).then(({code, signal}) => ({
          ...(signal === null ? {exitcode: code ?? 0} : {signal: SIGNALS[signal] ?? 15}),
          stdout: Buffer.concat(stdout),
          stderr: Buffer.concat(stderr),
        }))
        resolve({ended})
      })
    })
  },
  readFile: (_vmid, path) =>
    readFile(path).catch((error: NodeJS.ErrnoException) => WORDS[error.code ?? ''] ?? error.message),
  writeFile: (_vmid, path, content) =>
    writeFile(path, content).then(
      () => undefined,
      (error: NodeJS.ErrnoException) => WORDS[error.code ?? ''] ?? error.message,
    ),
}
