import {type Command, Config, type Interfaces, Plugin, run, settings} from '@oclif/core'
import {captureOutput} from '@oclif/test'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {Readable} from 'node:stream'
import {fileURLToPath} from 'node:url'

import {processRuntime, type Runtime, type StopSignal} from '../../src/cli/runtime.js'

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')

export interface RunOptions {
  /** On top of an environment without any `HOMELAB_*`. */
  readonly env?: Readonly<Record<string, string>>
  /** What the command reads from stdin. */
  readonly stdin?: Uint8Array | string
  /** Folder of the configuration; a fresh empty one by default. */
  readonly configDir?: string
  readonly cwd?: string
  /** Pretend that stdout and stderr are a terminal of so many columns. */
  readonly terminalWidth?: number
  /** False keeps colours in the captured output. */
  readonly stripAnsi?: boolean
  /** Parts of the runtime to replace. */
  readonly runtime?: Partial<Runtime>
}

export interface RunOutcome {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
  /** stdout as JSON; throws when it is none. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into it field by field
  json<T = any>(): T
}

/** A command under way. */
export interface RunningCommand extends PromiseLike<RunOutcome> {
  /** Sends the command a signal, as the operating system would. */
  signal(name: StopSignal): void
}

/**
 * Runs a command line in this process, from the sources: `runCommand(['proxmox', 'vm', 'list', '--json'])`. It sees no configuration and no
 * environment variables of the machine's own.
 */
export function runCommand(argv: readonly string[], options: RunOptions = {}): RunningCommand {
  const handlers = new Map<StopSignal, Set<() => void>>()
  const outcome = execute(argv, options, handlers)
  return {
    signal(name) {
      for (const handler of handlers.get(name) ?? []) handler()
    },
    then: outcome.then.bind(outcome),
  }
}

async function execute(
  argv: readonly string[],
  options: RunOptions,
  handlers: Map<StopSignal, Set<() => void>>,
): Promise<RunOutcome> {
  settings.enableAutoTranspile = false
  const configDir = options.configDir ?? fs.mkdtempSync(path.join(os.tmpdir(), 'homelab-test-'))
  const saved = {...process.env}
  const savedExitCode = process.exitCode
  let exitCode = 0

  for (const name of Object.keys(process.env))
    if (/^(HOMELAB|HL)_|^(NO_COLOR|FORCE_COLOR|DEBUG)$/.test(name)) delete process.env[name]
  Object.assign(process.env, {HOMELAB_CONFIG_DIR: configDir, OCLIF_DISABLE_ENGINE_WARNING: '1'}, options.env)

  const write = (stream: 'stderr' | 'stdout') => ({
    isTTY: options.terminalWidth !== undefined,
    ...(options.terminalWidth === undefined ? {} : {columns: options.terminalWidth}),
    write: (data: Uint8Array | string) =>
      void process[stream].write(typeof data === 'string' ? data : Buffer.from(data).toString()),
  })
  const runtime: Runtime = {
    ...processRuntime(),
    cwd: options.cwd ?? configDir,
    pipesChildren: true,
    stderr: write('stderr'),
    stdin: Object.assign(Readable.from(options.stdin === undefined ? [] : [options.stdin]), {isTTY: false}),
    stdout: write('stdout'),
    exit(code) {
      exitCode = code
    },
    onSignal(name, handler) {
      const set = handlers.get(name) ?? new Set()
      handlers.set(name, set.add(handler))
      return () => set.delete(handler)
    },
    onStdoutClosed: () => () => {},
    setExitCode(code) {
      exitCode = code
    },
    ...options.runtime,
  }

  try {
    const captured = await captureOutput(async () => run([...argv], await loadSources(runtime)), {
      stripAnsi: options.stripAnsi ?? true,
      testNodeEnv: 'production',
    })
    if (captured.error) {
      const exit = (captured.error as Error & {oclif?: {exit?: number}}).oclif?.exit
      if (exit === undefined) throw captured.error
      exitCode = exit
    }

    return {
      exitCode,
      json: () => JSON.parse(captured.stdout),
      stderr: captured.stderr,
      stdout: captured.stdout,
    }
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in saved)) delete process.env[name]
    Object.assign(process.env, saved)
    process.exitCode = savedExitCode
    if (options.configDir === undefined) fs.rmSync(configDir, {force: true, recursive: true})
  }
}

/** oclif's configuration of the commands in src; the manifest of a build must not get in between. */
async function loadSources(runtime: Runtime): Promise<Config> {
  const plugin = await sources()
  const config = new Config({
    pjson: plugin.pjson,
    plugins: new Map([[plugin.name, plugin]]),
    root: ROOT,
    runtime,
  } as Interfaces.Options)
  await config.load()
  return config
}

/** Loaded once: every command is imported to know its flags. */
const sources = once(async () => {
  const pjson = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'))
  const fromSources = (target: string) => target.replace('./dist/', './src/')
  pjson.oclif.commands.target = fromSources(pjson.oclif.commands.target)
  for (const [event, target] of Object.entries<string>(pjson.oclif.hooks))
    pjson.oclif.hooks[event] = `${fromSources(target)}.ts`
  const plugin = new Plugin({
    errorOnManifestCreate: true,
    ignoreManifest: true,
    isRoot: true,
    pjson,
    root: ROOT,
    type: 'core',
  })
  await plugin.load()
  return plugin
})

function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined
  return () => (loaded ??= load())
}

/** What oclif knows of each command of the sources. */
export async function allCommands(): Promise<readonly Command.Loadable[]> {
  return (await loadSources(processRuntime())).commands
}
