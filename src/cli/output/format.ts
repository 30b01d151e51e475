export const OUTPUT_FORMATS = ['table', 'json', 'yaml', 'csv', 'name'] as const
export type OutputFormat = (typeof OUTPUT_FORMATS)[number]

/**
 * Whether this command line asks for JSON, read without parsing it: an error in the command line itself must be printed as JSON too.
 * @param env - `HOMELAB_OUTPUT` counts when no flag says otherwise
 */
export function wantsJson(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): boolean {
  const end = argv.indexOf('--')
  const words = end === -1 ? argv : argv.slice(0, end)
  let output = env['HOMELAB_OUTPUT']
  for (const [i, word] of words.entries()) {
    if (word === '--json' || word === '--jq' || word.startsWith('--jq=')) return true
    if (word === '--output' || /^-[qvny]*o$/.test(word)) output = words[i + 1]
    else if (word.startsWith('--output=')) output = word.slice('--output='.length)
    else output = /^-[qvny]*o=?(.+)$/.exec(word)?.[1] ?? output
  }

  return output === 'json'
}
