import {Flags} from '@oclif/core'
import type {Result} from 'neverthrow'

import {parseDuration} from '../domain/duration.js'
import {failure, type Failure} from '../domain/failure.js'
import {parseMoment, type Moment} from '../domain/moment.js'
import {parseSize} from '../domain/size.js'
import {CommandError} from './command-error.js'

interface FlagContext {
  readonly name: string
}

/** The parsed value, or a usage error that names the flag before what is wrong with its value. */
export function parsedBy<T>(parse: (text: string) => Result<T, Failure>) {
  return async (text: string, _context: unknown, flag: FlagContext): Promise<T> =>
    parse(text).match(
      (value) => value,
      (failed) => {
        throw new CommandError({...failed, message: `--${flag.name}: ${failed.message}`})
      },
    )
}

/** A duration flag (`90s`, `5m`, `1h30m`); its value is in milliseconds. */
export const durationFlag = Flags.custom<number>({helpValue: 'DURATION', parse: parsedBy(parseDuration)})

/** A size flag (`512M`, `4GiB`); its value is in bytes. */
export const sizeFlag = Flags.custom<number>({helpValue: 'SIZE', parse: parsedBy(parseSize)})

/** A moment, as a duration ago or a date; `momentAt` makes a Date of it. */
export const momentFlag = Flags.custom<Moment>({helpValue: 'WHEN', parse: parsedBy(parseMoment)})

/** `a,b`: some of a few words. */
export const choicesFlag = <T extends string>({
  choices,
  description,
}: {
  readonly choices: readonly T[]
  readonly description: string
}) =>
  Flags.custom<T[]>({
    async parse(text, _context, flag) {
      const words = text.split(',').map((word) => word.trim())
      const wrong = words.find((word) => !choices.includes(word as T))
      if (wrong === undefined) return words as T[]
      throw new CommandError(
        failure('usage', `--${flag.name}: "${wrong}" is not possible`, {hint: `use ${choices.join(', ')}`}),
      )
    },
  })({description, helpValue: 'a,b'})

/** A whole number; `min` and `max` are inclusive. */
export const countFlag = Flags.custom<number, {min?: number; max?: number}>({
  helpValue: 'N',
  async parse(text, _context, flag) {
    const {max = Number.MAX_SAFE_INTEGER, min = 1} = flag
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    const range = flag.max === undefined ? `a whole number from ${min} on` : `a whole number from ${min} to ${max}`
    throw new CommandError(failure('usage', `--${flag.name}: "${text}" is not possible`, {hint: `use ${range}`}))
  },
})

/** `a,b,c`, as a list without blanks and empty parts. */
const commaList = Flags.custom<string[]>({
  parse: async (text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
})

/** For commands that print a list. */
export const listFlags = {
  columns: commaList({description: 'Fields to show, by their JSON names.', helpGroup: 'TABLE', helpValue: 'a,b'}),
  sort: Flags.string({description: 'Field to sort by.', helpGroup: 'TABLE', helpValue: 'KEY[:desc]'}),
  'no-header': Flags.boolean({description: 'Leave the headings out of table and csv.', helpGroup: 'TABLE'}),
}

/** For commands that start a task and wait for it. `timeout` and `poll-interval` are in milliseconds. */
export const waitFlags = {
  wait: Flags.boolean({
    allowNo: true,
    default: true,
    description: 'Wait until the task has ended; --no-wait prints its UPID.',
    env: 'HOMELAB_WAIT',
    helpGroup: 'WAITING',
  }),
  timeout: durationFlag({
    description: 'Stop waiting after this time (exit 124), 30m by default; the task goes on.',
    env: 'HOMELAB_TIMEOUT',
    helpGroup: 'WAITING',
  }),
  'poll-interval': durationFlag({
    description: 'Time between two questions; by default 250 ms at first, growing to 2 s.',
    env: 'HOMELAB_POLL_INTERVAL',
    helpGroup: 'WAITING',
  }),
}

/** For commands that destroy something. */
export const confirmFlags = {
  yes: Flags.boolean({char: 'y', description: 'Do it without asking.', env: 'HOMELAB_YES'}),
}

/** For commands that can say what they would do. */
export const dryRunFlag = {
  'dry-run': Flags.boolean({char: 'n', description: 'Check everything and print the plan; change nothing.'}),
}

/** For commands that can say how Proxmox VE's own tools do the same. */
export const nativeFlag = {
  'print-native': Flags.boolean({
    description:
      "Print the lines of Proxmox VE's own tools (qm, pct) that do the same, for a shell on the node; do nothing.",
  }),
}

/** For lists: which of them. */
export const selectorFlag = {
  selector: Flags.string({
    char: 'l',
    description: 'Choose by key=value, !=, ~regex; comma means and, a repeated flag means or.',
    helpValue: 'key=value',
    multiple: true,
    multipleNonGreedy: true,
  }),
}

/** For commands that show guests. */
export const ipsFlag = {
  ips: Flags.boolean({description: 'Show the addresses of running guests too: each of them is asked.'}),
}

/** For commands that work on many. */
export const selectorFlags = {
  ...selectorFlag,
  all: Flags.boolean({description: 'Choose all of them.'}),
}

export const parallelFlags = {
  parallel: countFlag({
    default: 4,
    description: 'How many at a time; the cluster gets at most 8 requests at once.',
    env: 'HOMELAB_PARALLEL',
    max: 64,
  }),
  'fail-fast': Flags.boolean({description: 'Start nothing more after the first failure.'}),
}

export const warningsFlag = {
  'warnings-as-errors': Flags.boolean({
    description: 'A task that ended with warnings is an error (exit 8).',
    env: 'HOMELAB_WARNINGS_AS_ERRORS',
  }),
}
