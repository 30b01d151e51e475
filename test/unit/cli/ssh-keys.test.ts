import {expect} from 'chai'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {Readable} from 'node:stream'
import {processRuntime, type Runtime} from '../../../src/cli/runtime.js'
import {keysFromUrl, readSshKeys} from '../../../src/cli/ssh-keys.js'

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5C5f1E5oS2uVY0yCwO6mBvQbiZsJQdr1cSrwCq ann'
const OTHER = KEY.replace('ann', 'bob')

describe('SSH keys for a guest', () => {
  let folder: string
  const signal = new AbortController().signal
  const runtime = (env: Runtime['env'], stdin = ''): Runtime => ({
    ...processRuntime(),
    env,
    stdin: Object.assign(Readable.from([stdin]), {isTTY: false}),
  })
  const script = (lines: string) => {
    fs.writeFileSync(path.join(folder, 'ssh-add'), `#!/bin/sh\n${lines}\n`, {mode: 0o755})
    return runtime({PATH: folder})
  }

  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'homelab-keys-'))
  })

  afterEach(() => fs.rmSync(folder, {recursive: true}))

  it('are undefined when no source is named', async () => {
    expect((await readSshKeys({}, runtime({}), signal))._unsafeUnwrap()).to.equal(undefined)
  })

  it('come from files, the home folder and stdin, each once', async () => {
    fs.writeFileSync(path.join(folder, 'id.pub'), `${KEY}\n`)
    const files = [path.join(folder, 'id.pub'), '~/id.pub', '-']
    const keys = await readSshKeys({files}, runtime({HOME: folder}, `${OTHER}\n`), signal)
    expect(keys._unsafeUnwrap()).to.deep.equal([KEY, OTHER])
  })

  it('come from the agent, which is asked for public keys only', async () => {
    const keys = await readSshKeys({agent: true}, script(`[ "$*" = -L ] && echo "${KEY}"`), signal)
    expect(keys._unsafeUnwrap()).to.deep.equal([KEY])
  })

  for (const [what, lines, said] of [
    ['holds no key', 'exit 1', 'holds no key'],
    ['does not answer', 'exit 2', 'no agent answers'],
    ['cannot be asked', undefined, 'ssh-add is not there'],
  ] as const) {
    it(`name the remedy when the agent ${what}`, async () => {
      const failed = await readSshKeys(
        {agent: true},
        lines === undefined ? runtime({PATH: folder}) : script(lines),
        signal,
      )
      expect(failed._unsafeUnwrapErr()).to.include({kind: 'usage'})
      expect(failed._unsafeUnwrapErr().message).to.contain(said)
    })
  }

  const answering = (status: number, body: string, url?: string) => {
    const asked: string[] = []
    const fetch = (async (address: string) => {
      asked.push(address)
      return {ok: status === 200, status, url: url ?? address, text: async () => body}
    }) as unknown as typeof globalThis.fetch
    return {asked, fetcher: {fetch, signal}}
  }

  it('come from the sites that publish them', async () => {
    const {asked, fetcher} = answering(200, `${KEY}\n`)
    for (const source of ['gh:ann', 'gl:ann', 'lp:ann', 'https://example.org/keys'])
      expect((await keysFromUrl(source, fetcher))._unsafeUnwrap(), source).to.deep.equal([KEY])
    expect(asked).to.deep.equal([
      'https://github.com/ann.keys',
      'https://gitlab.com/ann.keys',
      'https://launchpad.net/~ann/+sshkeys',
      'https://example.org/keys',
    ])
  })

  it('never come over http, from an error page or from a page without keys', async () => {
    for (const source of ['http://example.org/keys', 'gh:a/b', 'xx:ann', 'ann']) {
      const {asked, fetcher} = answering(200, KEY)
      expect((await keysFromUrl(source, fetcher))._unsafeUnwrapErr().kind, source).to.equal('usage')
      expect(asked).to.deep.equal([])
    }

    const missing = await keysFromUrl('gh:nobody', answering(404, 'Not Found').fetcher)
    expect(missing._unsafeUnwrapErr()).to.include({kind: 'unreachable'})
    expect(missing._unsafeUnwrapErr().message).to.contain('404')
    const downgraded = await keysFromUrl('gh:ann', answering(200, KEY, 'http://example.org/').fetcher)
    expect(downgraded._unsafeUnwrapErr().kind).to.equal('unreachable')
    expect((await keysFromUrl('gh:ann', answering(200, '<html>').fetcher))._unsafeUnwrapErr().kind).to.equal('usage')
  })
})
