import {expect} from 'chai'
import fs from 'node:fs'

import {resolveSecret, type SecretSurroundings} from '../../../src/config/resolve-secret.js'
import type {SecretSource} from '../../../src/config/configuration.js'
import {Secret} from '../../../src/domain/secret.js'
import {ConfigFolder} from '../../helpers/config-folder.js'

describe('resolving a secret', () => {
  let folder: ConfigFolder
  beforeEach(() => {
    folder = new ConfigFolder()
  })
  afterEach(() => folder.remove())

  const uid = process.getuid?.()
  const reveal = async (source: SecretSource, more: Partial<SecretSurroundings> = {}) =>
    (await resolveSecret(source, {env: {PATH: process.env.PATH}, uid, ...more}))._unsafeUnwrap().reveal()
  const failure = async (source: SecretSource, more: Partial<SecretSurroundings> = {}) =>
    (await resolveSecret(source, {env: {PATH: process.env.PATH}, uid, ...more}))._unsafeUnwrapErr()
  const node = (script: string): SecretSource => ({kind: 'command', argv: [process.execPath, '-e', script]})

  it('takes a value, a variable, the first line of a file, the first line of what a command prints', async () => {
    expect(await reveal({kind: 'value', value: new Secret('v')})).to.equal('v')
    expect(await reveal({kind: 'env', variable: 'X'}, {env: {X: 'from env'}})).to.equal('from env')
    expect(await reveal({kind: 'file', path: folder.write('s', 'from file\r\nurl: x\n')})).to.equal('from file')
    expect(await reveal(node('console.log("from command\\nmore")'))).to.equal('from command')
  })

  it('runs a command without a shell', async () => {
    expect(await reveal({kind: 'command', argv: ['echo', '$HOME', ';', 'id', '|', '*']})).to.equal('$HOME ; id | *')
  })

  it('refuses a file that others can read', async () => {
    const file = folder.write('s', 'x', 0o640)
    expect(await failure({kind: 'file', path: file})).to.deep.include({
      kind: 'config-invalid',
      hint: `chmod 600 ${file}`,
    })
  })

  it('says which file is missing, and which is empty', async () => {
    expect((await failure({kind: 'file', path: '/nonexistent/s'})).message).to.equal(
      'the secret file /nonexistent/s does not exist',
    )
    expect((await failure({kind: 'file', path: folder.write('s', '\nx')})).message).to.include('holds no secret')
  })

  it('says which variable is not set', async () => {
    expect((await failure({kind: 'env', variable: 'NOPE'})).message).to.include('NOPE')
  })

  it('tells nothing of what a failing command said', async () => {
    const failed = await failure(node('console.error("hunter2-err"); console.log("hunter2-out"); process.exit(3)'))
    expect(failed.message).to.include('exit code 3')
    expect(JSON.stringify(failed)).not.to.include('hunter2')
  })

  it('says when a command does not exist', async () => {
    expect((await failure({kind: 'command', argv: ['no-such-program-here']})).message)
      .to.include('no-such-program-here')
      .and.include('does not exist')
  })

  it('gives a command no stdin to wait at, and ends it when it takes too long', async () => {
    expect(await reveal(node('process.stdin.on("end", () => console.log("ended")).resume()'))).to.equal('ended')
    const pidFile = `${folder.path}/pid`
    const failed = await failure(
      node(`require("fs").writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); setInterval(() => {}, 1000)`),
      {commandTimeoutMs: 700},
    )
    expect(failed.message).to.include('did not end within 0.7 s')
    const pid = Number(fs.readFileSync(pidFile, 'utf8'))
    expect(() => process.kill(pid, 0)).to.throw('ESRCH')
  })
})
