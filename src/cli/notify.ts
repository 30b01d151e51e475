import {Flags} from '@oclif/core'
import type {TaskOutcome, TaskReport} from '../domain/task.js'
import {parseUpid} from '../domain/upid.js'
import type {TargetResult} from '../services/fan-out.js'
import {runProcess} from './run-process.js'
import type {Runtime} from './runtime.js'

/** For commands that wait. */
export const notifyFlag = {
  'notify-cmd': Flags.string({
    description: 'Run this command line with /bin/sh when the waiting is over; how it went stands in HOMELAB_TASK_….',
    helpValue: 'COMMAND',
  }),
}

/** What `--notify-cmd` finds in its environment, for the help. */
export const NOTIFY_HELP = `The command of --notify-cmd is run by /bin/sh on this machine, also after a failure or a timeout, but not after Ctrl-C. What the server says never becomes part of the command line; it finds it in these variables:
HOMELAB_TASK_OUTCOME: ok, warnings, failed, or timeout; of several tasks the worst.
HOMELAB_TASK_UPIDS: what was waited for, separated by blanks. HOMELAB_TASK_COUNT, HOMELAB_TASK_FAILED: how many, and how many of them failed.
HOMELAB_TASK_UPID, HOMELAB_TASK_NODE, HOMELAB_TASK_TYPE, HOMELAB_TASK_ID: the first that did not go well, or else the first.
HOMELAB_TASK_EXIT_STATUS: how that one ended, in Proxmox's words. HOMELAB_TASK_MESSAGE: the same in a sentence.
What it prints goes to stderr. A command that fails is a warning and changes no exit code.`

type Outcome = TaskOutcome | 'timeout'
const ORDER: readonly Outcome[] = ['ok', 'warnings', 'timeout', 'failed']

/** The environment that tells a command how waiting for these tasks went. */
export function notifyEnvironment(done: readonly TargetResult<TaskReport>[]): Record<string, string> {
  const ranked = done.map((result, index) => ({result, index, outcome: outcomeOf(result)}))
  const [worst] = [...ranked].sort((a, b) => ORDER.indexOf(b.outcome) - ORDER.indexOf(a.outcome) || a.index - b.index)
  const upid = worst?.result.target ?? ''
  const parts = parseUpid(upid)
  const values = {
    OUTCOME: worst?.outcome ?? 'ok',
    COUNT: String(done.length),
    FAILED: String(ranked.filter(({outcome}) => outcome === 'failed').length),
    UPIDS: done.map(({target}) => target).join(' '),
    UPID: upid,
    NODE: parts?.node ?? '',
    TYPE: parts?.type ?? '',
    ID: parts?.id ?? '',
    EXIT_STATUS: worst === undefined ? '' : exitStatusOf(worst.result),
    MESSAGE: worst === undefined ? '' : messageOf(worst.result),
  }
  return Object.fromEntries(
    // An environment knows no NUL; other control characters only do harm where it is printed.
    Object.entries(values).map(([name, value]) => [`HOMELAB_TASK_${name}`, value.replaceAll(/\p{Cc}/gu, ' ')]),
  )
}

/** Runs the command and gives a warning where it fails; undefined where it went well. */
export async function notify(
  runtime: Runtime,
  command: string,
  done: readonly TargetResult<TaskReport>[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const ended = await runProcess(runtime, {
    program: '/bin/sh',
    args: ['-c', command],
    env: notifyEnvironment(done),
    stdin: 'none',
    // stdout is for our own data.
    stdout: (bytes) => Promise.resolve(runtime.stderr.write(bytes)),
    stderr: 'pass',
    signal,
    missing: '--notify-cmd needs a POSIX shell at /bin/sh',
  })
  return ended.match(
    ({exitCode}) => (exitCode === 0 ? undefined : `the command of --notify-cmd ended with exit code ${exitCode}`),
    ({message}) => `the command of --notify-cmd did not run: ${message}`,
  )
}

function outcomeOf(result: TargetResult<TaskReport>): Outcome {
  if (result.ok) return result.value.outcome
  return result.error.kind === 'timeout' ? 'timeout' : 'failed'
}

function exitStatusOf(result: TargetResult<TaskReport>): string {
  if (result.ok) return result.value.exitStatus
  const {exitStatus} = (result.error.details ?? {}) as {readonly exitStatus?: unknown}
  return typeof exitStatus === 'string' ? exitStatus : ''
}

function messageOf(result: TargetResult<TaskReport>): string {
  return result.ok ? `the task ended with ${result.value.exitStatus}` : result.error.message
}
