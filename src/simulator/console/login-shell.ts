import {Hangup, type Tty} from './tty.js'

/** Where a shell runs. */
export interface Machine {
  readonly hostname: string
  /** What the login prompt is headed with: `Debian GNU/Linux 12 dns tty1`. */
  readonly issue: string
}

/** Asks who it is, lets everybody in as whoever they say, and starts over when they leave: what a container or VM shows on its console. */
export async function getty(tty: Tty, machine: Machine): Promise<void> {
  for (;;) {
    tty.write(`\n${machine.issue}\n\n`)
    const user = await askName(tty, machine)
    tty.write('Password: ')
    const password = await tty.read({hidden: true})
    tty.write('\n')
    if (password.kind === 'text') await shell(tty, machine, user)
  }
}

/** `login` on a node, for one visit. */
export async function login(tty: Tty, machine: Machine): Promise<void> {
  const user = await askName(tty, machine)
  tty.write('Password: ')
  const password = await tty.read({hidden: true})
  tty.write('\n')
  if (password.kind === 'text') await shell(tty, machine, user)
}

/** A login shell with a handful of commands, until `exit` or Ctrl-D. */
export async function shell(tty: Tty, machine: Machine, user: string): Promise<void> {
  const root = user === 'root'
  for (;;) {
    tty.write(`${user}@${machine.hostname}:~${root ? '#' : '$'} `)
    const line = await tty.read()
    if (line.kind === 'interrupt') continue
    if (line.kind === 'end') {
      tty.write('logout\n')
      return
    }

    const words = line.text.trim().split(/\s+/)
    if (words[0] === 'exit' || words[0] === 'logout') {
      tty.write('logout\n')
      return
    }

    await execute(tty, {machine, user, words, line: line.text.trim()})
  }
}

async function askName(tty: Tty, {hostname}: Machine): Promise<string> {
  for (;;) {
    tty.write(`${hostname} login: `)
    const line = await tty.read()
    if (line.kind === 'text' && line.text.trim() !== '') return line.text.trim()
    if (line.kind !== 'text') tty.write('\n')
  }
}

interface Command {
  readonly machine: Machine
  readonly user: string
  readonly words: readonly string[]
  readonly line: string
}

async function execute(tty: Tty, {line, machine, user, words}: Command): Promise<void> {
  switch (words[0]) {
    case '': {
      return
    }

    case 'cat': {
      await cat(tty)
      return
    }

    case 'echo': {
      tty.write(`${line.slice('echo'.length).trim()}\n`)
      return
    }

    case 'hostname': {
      tty.write(`${machine.hostname}\n`)
      return
    }

    case 'stty': {
      const {columns, rows} = tty.size ?? {columns: 0, rows: 0}
      tty.write(words[1] === 'size' ? `${rows} ${columns}\n` : 'usage: stty size\n')
      return
    }

    case 'whoami': {
      tty.write(`${user}\n`)
      return
    }

    default: {
      tty.write(`-bash: ${words[0]}: command not found\n`)
    }
  }
}

/** Says every line again, until Ctrl-D or Ctrl-C. */
async function cat(tty: Tty): Promise<void> {
  for (let line = await tty.read(); line.kind === 'text'; line = await tty.read()) tty.write(`${line.text}\n`)
}

/** A program that ends when its terminal does. */
export function untilHangup(program: Promise<void>): Promise<void> {
  return program.catch((error: unknown) => {
    if (!(error instanceof Hangup)) throw error
  })
}
