import {Errors, type Hook} from '@oclif/core'

import {exitCodeOf, failure, type Failure} from '../../domain/failure.js'
import {closest} from '../../domain/suggest.js'
import {wantsJson} from '../output/format.js'
import {reportFailure} from '../output/report.js'
import {runtimeOf} from '../runtime-of.js'

/** The topic that nearly everything is below. */
const PROXMOX = 'proxmox'

/** An unknown command is a usage error like any other: two lines or one JSON document, exit 2, and the nearest command there is. */
const hook: Hook.CommandNotFound = async function ({argv, config, id}) {
  const runtime = runtimeOf(config)
  const names = config.commands
    .filter((command) => !command.hidden)
    .flatMap((command) => [command.id, ...command.aliases])
  const failed = unknownCommand(id.split(':'), names, config.bin)
  await reportFailure(failed, runtime, wantsJson(argv ?? [], runtime.env))
  throw new Errors.ExitError(exitCodeOf(failed))
}

/** Goes down the tree of topics to the first word that leads nowhere, and looks there for the word that was meant. */
function unknownCommand(words: readonly string[], ids: readonly string[], bin: string): Failure {
  if (words[0]?.startsWith('-') === true) {
    return failure('usage', `the flag ${words[0]} stands before the command`, {
      hint: `flags come after the command: ${bin} proxmox vm list ${words[0]} …`,
    })
  }

  for (const [i, word] of words.entries()) {
    const before = words.slice(0, i)
    const prefix = before.map((part) => `${part}:`).join('')
    const children = new Set(
      ids.filter((id) => id.startsWith(prefix)).map((id) => id.slice(prefix.length).split(':')[0] ?? ''),
    )
    if (children.has(word)) continue
    if (ids.includes(before.join(':'))) {
      return failure('usage', `unexpected argument "${word}"`, {hint: `see ${bin} ${before.join(' ')} --help`})
    }

    // `homelab vm list` for `homelab proxmox vm list`.
    const whole = [PROXMOX, ...words].join(':')
    if (i === 0 && ids.some((id) => `${id}:`.startsWith(`${PROXMOX}:${word}:`))) {
      const known = ids.some((id) => `${whole}:`.startsWith(`${id}:`) || id.startsWith(`${whole}:`))
      const {hint} = known
        ? {hint: `did you mean: ${[bin, PROXMOX, ...words].join(' ')}`}
        : unknownCommand([PROXMOX, ...words], ids, bin)
      return failure('usage', `unknown command "${words.join(' ')}"`, {...(hint !== undefined && {hint})})
    }

    const near = closest(word, children)
    return failure('usage', `unknown command "${[...before, word].join(' ')}"`, {
      hint:
        near === undefined
          ? `${[bin, ...before].join(' ')} --help lists the commands`
          : `did you mean: ${[bin, ...before, near, ...words.slice(i + 1)].join(' ')}`,
    })
  }

  return failure('usage', `unknown command "${words.join(' ')}"`, {hint: `${bin} --help lists the commands`})
}

export default hook
