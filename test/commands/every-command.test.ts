import {expect} from 'chai'
import fs from 'node:fs'

import {allCommands} from '../helpers/run-command.js'

describe('every command', () => {
  it('has the global flags, a summary and an example', async () => {
    const commands = await allCommands()
    expect(commands.length).to.be.greaterThan(40)
    for (const {id, flags, summary, examples} of commands) {
      expect(Object.keys(flags), id).to.include.members([
        'json',
        'output',
        'jq',
        'quiet',
        'verbose',
        'debug',
        'no-input',
      ])
      expect(summary, id).to.match(/\.$/)
      expect(examples?.length ?? 0, id).to.be.greaterThan(0)
    }
  })

  it('has examples that can be pasted from an 80 column terminal', async () => {
    // Longer ones are folded with a backslash, which means nothing between single quotes.
    for (const {examples, id} of await allCommands()) {
      for (const example of examples ?? []) {
        const template = typeof example === 'string' ? example : example.command
        const line = template
          .replaceAll('<%= config.bin %>', 'homelab')
          .replaceAll('<%= command.id %>', id.replaceAll(':', ' '))
        if (typeof example !== 'string' && line.length > 70) expect(line, id).not.to.match(/'[^']*\s[^']*'/)
      }
    }
  })

  it('that a newcomer is told of exists', async () => {
    const ids = (await allCommands()).map(({id}) => id.replaceAll(':', ' '))
    const {oclif} = JSON.parse(fs.readFileSync('package.json', 'utf8')) as {oclif: {description: string}}
    const told = [...oclif.description.matchAll(/: +homelab ((?:[a-z-]+ ?)+)(?=$| https:)/gm)].map(([, words = '']) =>
      words.trim(),
    )
    expect(told).to.have.members(['auth login', 'simulator start', 'proxmox vm list', 'help exit-codes'])
    expect(ids).to.include.members(told)
  })

  it('says in its help what the value of a flag is', async () => {
    const nameless = (await allCommands()).flatMap(({flags, id}) =>
      Object.entries(flags).flatMap(([name, flag]) =>
        flag.type === 'option' && flag.helpValue === undefined && flag.options === undefined ? [`${id} --${name}`] : [],
      ),
    )
    expect(nameless).to.deep.equal([])
  })

  it('leaves the folding of its description to the width of the terminal', async () => {
    for (const {description, id} of await allCommands()) {
      expect(description ?? '', id).not.to.match(/^[^-\n].{60,}\n[a-z]/m)
    }
  })

  it('with words too long for a line has examples that are not folded within them', async () => {
    for (const {examples, id} of await allCommands()) {
      for (const example of examples ?? []) {
        if (typeof example === 'string') continue
        expect(Math.max(...example.command.split(' ').map(({length}) => length)), id).to.be.lessThan(72)
      }
    }
  })

  it('that works on several guests takes several names', async () => {
    const commands = await allCommands()
    const several = commands.filter(({flags}) => 'selector' in flags && 'all' in flags)
    expect(several.map(({id}) => id)).to.include.members(['proxmox:vm:shutdown', 'proxmox:lxc:delete'])
    for (const {id, strict} of several) expect(strict, id).to.equal(false)
  })
})
