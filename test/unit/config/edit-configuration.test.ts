import {expect} from 'chai'
import {fork} from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import {err, ok} from 'neverthrow'

import {forgetLogin, putContext, removeContext, setCurrentContext} from '../../../src/config/contexts.js'
import {editConfiguration} from '../../../src/config/edit-configuration.js'
import {loadConfiguration} from '../../../src/config/load-configuration.js'
import {failure} from '../../../src/domain/failure.js'
import {Secret} from '../../../src/domain/secret.js'
import {ConfigFolder} from '../../helpers/config-folder.js'

const TEXT = `# my clusters
currentContext: lab # the one at home
contexts:
  # in the cellar
  lab:
    endpoints: [https://pve1.lan:8006] # two more to come
    token: {id: "a@pve!bb", secretEnv: LAB}
    defaults: {cores: 2}
`
const tokenContext = (name: string, secret = 'hunter2-secret') => ({
  name,
  endpoints: ['https://new.lan:8006'],
  login: {kind: 'token' as const, id: 'x@pve!yy', secret: {kind: 'value' as const, value: new Secret(secret)}},
})
const mode = (file: string) => fs.statSync(file).mode & 0o777

describe('changing the configuration', () => {
  let folder: ConfigFolder
  beforeEach(() => {
    folder = new ConfigFolder()
  })
  afterEach(() => folder.remove())

  it('creates folder and file for their owner alone', async () => {
    const configDir = path.join(folder.path, 'new/deep')
    const surroundings = folder.surroundings({configDir})
    const stored = (
      await putContext(surroundings, tokenContext('lab'), {replace: false, use: 'if-none'})
    )._unsafeUnwrap()
    expect(stored).to.deep.equal({
      file: `${configDir}/config.yaml`,
      current: true,
      secretFile: `${configDir}/secrets/lab`,
    })
    expect([configDir, `${configDir}/secrets`].map((dir) => mode(dir))).to.deep.equal([0o700, 0o700])
    expect([stored.file, stored.secretFile!].map((file) => mode(file))).to.deep.equal([0o600, 0o600])
  })

  it('keeps the secret out of the configuration, in a file that the configuration names', async () => {
    const surroundings = folder.surroundings()
    await putContext(surroundings, tokenContext('lab'), {replace: false, use: 'if-none'})
    expect(folder.read()).not.to.include('hunter2')
    expect(folder.read('secrets/lab')).to.equal('hunter2-secret\n')
    const {contexts} = (await loadConfiguration(surroundings))._unsafeUnwrap()
    expect(contexts.lab?.login).to.deep.equal({
      kind: 'token',
      id: 'x@pve!yy',
      secret: {kind: 'file', path: path.join(folder.path, 'secrets/lab')},
    })
  })

  it('keeps comments, order and the rest of the file', async () => {
    folder.write('config.yaml', TEXT)
    await putContext(
      folder.surroundings(),
      {name: 'two', endpoints: ['https://two.lan:8006']},
      {replace: false, use: 'if-none'},
    )
    const text = folder.read()
    expect(text.startsWith(TEXT.trimEnd())).to.equal(true)
    expect(text).to.include('  two:\n    endpoints:\n      - https://two.lan:8006\n')
  })

  it('takes over address and login, and leaves the defaults', async () => {
    folder.write('config.yaml', TEXT)
    const refused = await putContext(folder.surroundings(), tokenContext('lab'), {replace: false, use: 'if-none'})
    expect(refused._unsafeUnwrapErr().kind).to.equal('already-exists')
    expect(fs.existsSync(path.join(folder.path, 'secrets'))).to.equal(false)
    await putContext(folder.surroundings(), tokenContext('lab'), {replace: true, use: 'if-none'})
    const {contexts} = (await loadConfiguration(folder.surroundings()))._unsafeUnwrap()
    expect(contexts.lab).to.deep.include({endpoints: ['https://new.lan:8006'], defaults: {cores: 2}})
  })

  it('removes a context with its secret, and it is no longer current', async () => {
    await putContext(folder.surroundings(), tokenContext('lab'), {replace: false, use: 'always'})
    expect((await removeContext(folder.surroundings(), 'lab', folder.file))._unsafeUnwrap()).to.equal(true)
    expect(fs.readdirSync(path.join(folder.path, 'secrets'))).to.deep.equal([])
    expect((await loadConfiguration(folder.surroundings()))._unsafeUnwrap())
      .to.deep.include({contexts: {}})
      .and.not.to.have.property('currentContext')
    expect((await removeContext(folder.surroundings(), 'lab', folder.file))._unsafeUnwrap()).to.equal(false)
  })

  it('forgets a login and keeps the context', async () => {
    await putContext(folder.surroundings(), tokenContext('lab'), {replace: false, use: 'always'})
    expect((await forgetLogin(folder.surroundings(), 'lab', folder.file))._unsafeUnwrap()).to.equal(true)
    const {lab} = (await loadConfiguration(folder.surroundings()))._unsafeUnwrap().contexts
    expect(lab).to.not.equal(undefined)
    expect(lab).not.to.have.property('login')
    expect(fs.existsSync(path.join(folder.path, 'secrets/lab'))).to.equal(false)
  })

  it('makes a context current, and refuses one there is not', async () => {
    folder.write('config.yaml', TEXT)
    const failed = await setCurrentContext(folder.surroundings(), 'lba', ['lab'])
    expect(failed._unsafeUnwrapErr()).to.deep.include({kind: 'not-found'})
    expect(folder.read()).to.equal(TEXT)
  })

  it('writes nothing that would not be valid, and nothing when the edit fails', async () => {
    folder.write('config.yaml', TEXT)
    const invalid = await editConfiguration(folder.file, folder.surroundings(), (document) => {
      document.set('nonsense', 1)
      return ok()
    })
    expect(invalid._unsafeUnwrapErr().kind).to.equal('config-invalid')
    await editConfiguration(folder.file, folder.surroundings(), () => err(failure('refused', 'no')))
    expect(folder.read()).to.equal(TEXT)
    expect(fs.readdirSync(folder.path)).to.deep.equal(['config.yaml'])
  })

  it('does not touch a file it cannot parse', async () => {
    folder.write('config.yaml', 'contexts: {a: [\n')
    const failed = await putContext(folder.surroundings(), tokenContext('lab'), {replace: false, use: 'if-none'})
    expect(failed._unsafeUnwrapErr().message).to.include('is no valid YAML')
    expect(folder.read()).to.equal('contexts: {a: [\n')
  })

  it('writes through a link and leaves it one', async () => {
    const real = folder.write('dotfiles/homelab.yaml', TEXT)
    fs.symlinkSync(real, folder.file)
    await putContext(
      folder.surroundings(),
      {name: 'two', endpoints: ['https://two.lan:8006']},
      {replace: false, use: 'if-none'},
    )
    expect(fs.lstatSync(folder.file).isSymbolicLink()).to.equal(true)
    expect(fs.readFileSync(real, 'utf8')).to.include('two.lan')
  })

  it('takes over the lock of a process that died', async () => {
    const lock = folder.write('config.yaml.lock', '')
    const longAgo = new Date(Date.now() - 60_000)
    fs.utimesSync(lock, longAgo, longAgo)
    expect(
      (await putContext(folder.surroundings(), tokenContext('lab'), {replace: false, use: 'if-none'})).isOk(),
    ).to.equal(true)
    expect(fs.readdirSync(folder.path).sort()).to.deep.equal(['config.yaml', 'secrets'])
  })

  it('loses nothing when many processes write at once', async () => {
    const script = folder.write(
      'writer.mts',
      `import {putContext} from ${JSON.stringify(path.resolve('src/config/contexts.ts'))}
const [configDir, name] = process.argv.slice(2)
const surroundings = {configDir, cwd: configDir, dataDir: configDir + '/state', env: {}, home: configDir, uid: process.getuid(), unique: () => String(process.pid), version: '0'}
const results = []
for (const i of [0, 1, 2, 3, 4]) results.push(await putContext(surroundings, {name: name + i, endpoints: ['https://a.lan:8006']}, {replace: false, use: 'if-none'}))
process.exit(results.every((result) => result.isOk()) ? 0 : 1)
`,
    )
    const configDir = path.join(folder.path, 'shared')
    const codes = await Promise.all(
      ['a', 'b', 'c', 'd'].map(
        (name) =>
          new Promise((resolve) => fork(script, [configDir, name], {execArgv: ['--import=tsx']}).on('exit', resolve)),
      ),
    )
    expect(codes).to.deep.equal([0, 0, 0, 0])
    const {contexts} = (await loadConfiguration(folder.surroundings({configDir, cwd: configDir})))._unsafeUnwrap()
    expect(Object.keys(contexts)).to.have.lengthOf(20)
    expect(fs.readdirSync(configDir).sort()).to.deep.equal(['config.yaml'])
  })
})
