import {Flags} from '@oclif/core'

import {OUTPUT_FORMATS} from './output/format.js'

/** The flags every command has. */
export const globalFlags = {
  json: Flags.boolean({
    description: 'Print one JSON document on stdout, on success and on failure; short for -o json.',
    helpGroup: 'GLOBAL',
  }),
  output: Flags.option({options: OUTPUT_FORMATS})({
    char: 'o',
    description: 'How to print the result.  [default: table]',
    env: 'HOMELAB_OUTPUT',
    helpGroup: 'GLOBAL',
    helpValue: 'FORMAT',
  }),
  jq: Flags.string({
    description: 'Filter the JSON with a jq program; strings are printed raw, as jq -r does.',
    helpGroup: 'GLOBAL',
    helpValue: 'EXPR',
  }),
  quiet: Flags.boolean({
    char: 'q',
    description: 'Only errors on stderr.',
    env: 'HOMELAB_QUIET',
    helpGroup: 'GLOBAL',
  }),
  verbose: Flags.boolean({
    char: 'v',
    description: 'Say on stderr what is being done.',
    env: 'HOMELAB_VERBOSE',
    helpGroup: 'GLOBAL',
  }),
  debug: Flags.boolean({
    description: 'Trace the requests on stderr, without secrets, and show where an error came from.',
    env: 'HOMELAB_DEBUG',
    helpGroup: 'GLOBAL',
  }),
  context: Flags.string({
    char: 'c',
    description: 'Which cluster: a context of the configuration.',
    env: 'HOMELAB_CONTEXT',
    helpGroup: 'GLOBAL',
    helpValue: 'NAME',
  }),
  'no-input': Flags.boolean({
    description: 'Never ask: a missing answer is an error that names the flag.',
    env: 'HOMELAB_NO_INPUT',
    helpGroup: 'GLOBAL',
  }),
}

/** The values of the global flags. */
export interface GlobalFlags {
  readonly json: boolean
  readonly output?: (typeof OUTPUT_FORMATS)[number] | undefined
  readonly jq?: string | undefined
  readonly quiet: boolean
  readonly verbose: boolean
  readonly debug: boolean
  readonly context?: string | undefined
  readonly 'no-input': boolean
}
