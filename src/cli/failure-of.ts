import {failure, type Failure} from '../domain/failure.js'
import {closest} from '../domain/suggest.js'
import {CommandError} from './command-error.js'

/** What the translation of a command-line error may name. */
export interface CommandLine {
  /** How to ask for this command's help: `homelab proxmox vm create`. */
  readonly command: string
  /** Names of the flags it knows, without dashes. */
  readonly flags: readonly string[]
}

interface OclifError extends Error {
  args?: {name?: string}[] | string[]
  flags?: string[]
}

/** Any thrown value as the Failure to report. What no one foresaw is `unexpected`. */
export function failureOf(error: unknown, line: CommandLine): Failure {
  if (error instanceof CommandError) return error.failure
  if (!(error instanceof Error)) return unexpected(String(error))
  // What @inquirer/prompts throws when the question was answered with Ctrl-C, or its signal fired.
  if (error.name === 'ExitPromptError' || error.name === 'AbortPromptError')
    return failure('interrupted', 'interrupted at a question')
  return usageFailureOf(error, line) ?? unexpected(error.message)
}

/**
 * An error of oclif's parser as a usage failure that names the flag, the value and the remedy; undefined for any other error.
 * oclif's own texts are not passed on: some hold whole flag values, and a value may be a secret.
 */
function usageFailureOf(error: OclifError, line: CommandLine): Failure | undefined {
  const help = `see ${line.command} --help`
  const text = plainMessage(error.message)
  switch (error.constructor.name) {
    case 'NonExistentFlagsError': {
      const flags = (error.flags ?? []).map((flag) => flag.replace(/=.*$/s, ''))
      const near = closest((flags[0] ?? '').replace(/^-+/, ''), line.flags)
      const plural = flags.length === 1 ? '' : 's'
      return failure('usage', `unknown flag${plural} ${flags.join(', ')}`, {
        hint: near ? `did you mean --${near}? ${help}` : help,
      })
    }

    case 'RequiredArgsError': {
      const names = (error.args ?? []).map((arg) => (typeof arg === 'string' ? arg : (arg.name ?? '')).toUpperCase())
      return failure('usage', `missing ${names.join(' and ')}`, {hint: help})
    }

    case 'UnexpectedArgsError': {
      return failure('usage', `unexpected argument ${(error.args ?? []).map((arg) => `"${String(arg)}"`).join(', ')}`, {
        hint: help,
      })
    }

    case 'FlagInvalidOptionError': {
      const [, flag = '', value = '', options = ''] =
        /^Expected --(\S+?)=([\s\S]*) to be one of: (.*)$/.exec(text) ?? []
      const near = closest(value, options.split(', '))
      return failure('usage', `--${flag} cannot be "${value}"`, {
        hint: `${near ? `did you mean ${near}? ` : ''}use one of ${options}`,
      })
    }

    case 'ArgInvalidOptionError': {
      const [, value = '', options = ''] = /^Expected ([\s\S]*) to be one of: (.*)$/.exec(text) ?? []
      const near = closest(value, options.split(', '))
      return failure('usage', `"${value}" is not possible here`, {
        hint: `${near ? `did you mean ${near}? ` : ''}use one of ${options}`,
      })
    }

    case 'FailedFlagValidationError':
    case 'ViolatedFlagConstraintError': {
      const reasons = text
        .replace(/^The following errors? occurred:\s*/, '')
        .replaceAll(/(--[\w-]+)=[\s\S]*?(?= cannot also be provided when using )/g, '$1')
        .replaceAll(/(--[\w-]+)=\S*/g, '$1')
      return failure(
        'usage',
        reasons.replaceAll(/\s*\n\s*/g, '; ').replaceAll(/Missing required flag (?:--)?(\w[\w-]*)/g, 'missing --$1'),
        {hint: help},
      )
    }

    case 'CLIError':
    case 'CLIParseError': {
      return failure('usage', text.replace(/^Flag (--\S+)/, '$1'), {hint: help})
    }

    default: {
      return undefined
    }
  }
}

function plainMessage(message: string): string {
  return message
    .replaceAll(/\u001B\[[\d;]*m/g, '')
    .replace(/\nSee more help with --help$/, '')
    .trim()
}

function unexpected(message: string): Failure {
  return failure('unexpected', `unexpected: ${message.split('\n')[0] || 'unknown error'}`, {
    hint: 'run it again with --debug to see where it happened',
  })
}
