import {spawn} from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {fileURLToPath} from 'node:url'

const PROGRAM = fileURLToPath(new URL('../../bin/dev.js', import.meta.url))

export interface ProcessOutcome {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number | null
}

/** Runs a command line from the sources in a process of its own, for what one process cannot show: several at the same time. */
export async function runProcess(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<ProcessOutcome> {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'homelab-process-'))
  const child = spawn(process.execPath, [PROGRAM, ...argv], {
    cwd: home,
    env: {PATH: process.env.PATH, HOME: home, HOMELAB_CONFIG_DIR: home, ...env},
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const texts = {stdout: '', stderr: ''}
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (text: string) => (texts[stream] += text))
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve)
  })
  fs.rmSync(home, {recursive: true})
  return {...texts, exitCode}
}
