import {expect} from 'chai'
import fc from 'fast-check'
import {spawnSync} from 'node:child_process'
import {agentCommand, isPlainWord, shellLine} from '../../../src/domain/shell-words.js'

const odd = [
  '',
  ' ',
  "'",
  '"',
  '\\',
  '\n',
  '\t',
  '$HOME',
  '$(id)',
  '`id`',
  '*',
  '~',
  '#',
  '!',
  '&',
  ';',
  '|',
  '-n',
  '--',
  '%s',
  '%',
  '\\n',
  '\\101',
  'é',
  '—',
  '✓',
  '😀',
  "it's",
  '\r\n',
  '\u007F',
  '{a,b}',
  '<',
  '>',
]
const word = fc.oneof(
  fc.constantFrom(...odd),
  fc.array(fc.constantFrom(...odd, 'a', '1'), {maxLength: 6}).map((parts) => parts.join('')),
  fc.string({unit: 'grapheme', maxLength: 8}),
  fc.string({unit: 'binary', maxLength: 8}).map((text) => text.replaceAll('\0', '').replaceAll(/\p{Surrogate}/gu, '')),
)
const words = fc.array(word, {maxLength: 5})

/** What a program sees as its arguments, each ended with NUL. */
const PRINT = ['sh', '-c', String.raw`for word do printf '%s\0' "$word"; done`, 'print']
const run = (command: readonly string[]): string => {
  const [file = '', ...args] = command
  const {stdout, stderr, status} = spawnSync(file, args, {encoding: 'utf8'})
  expect(status, stderr).to.equal(0)
  return stdout
}
const nulEnded = (list: readonly string[]) => list.map((text) => `${text}\0`).join('')

describe('shellLine', () => {
  it('hands every argument through a shell as it is', () => {
    fc.assert(
      fc.property(words, (list) => {
        expect(run(['/bin/sh', '-c', shellLine([...PRINT, ...list])])).to.equal(nulEnded(list))
      }),
      {numRuns: 150},
    )
  })

  it('does so through two shells, as on the way to a container', () => {
    fc.assert(
      fc.property(words, (list) => {
        const inner = shellLine([...PRINT, ...list])
        expect(run(['/bin/sh', '-c', shellLine(['sh', '-c', inner])])).to.equal(nulEnded(list))
      }),
      {numRuns: 80},
    )
  })

  it('leaves plain words readable', () => {
    expect(shellLine(['pct', 'exec', '200', '--', 'ls', '-l', '/etc/hosts'])).to.equal(
      'pct exec 200 -- ls -l /etc/hosts',
    )
  })
})

describe('agentCommand', () => {
  it('sends plain words as they are, without a shell', () => {
    expect(agentCommand(['echo', "it's", '$HOME', '%s', '\n'])).to.deep.equal(['echo', "it's", '$HOME', '%s', '\n'])
  })

  it('sends nothing but plain words, and a shell makes the same words of them', () => {
    fc.assert(
      fc.property(words, (list) => {
        const command = agentCommand([...PRINT, ...list])
        expect(command.every((each) => isPlainWord(each))).to.equal(true)
        expect(run(command)).to.equal(nulEnded(list))
      }),
      {numRuns: 150},
    )
  })
})
