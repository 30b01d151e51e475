import {expect} from 'chai'
import fs from 'node:fs'
import path from 'node:path'

import {loadConfiguration} from '../../../src/config/load-configuration.js'
import {projectCandidates, stateFolder} from '../../../src/config/locations.js'
import {ConfigFolder} from '../../helpers/config-folder.js'

const USER = `currentContext: lab
contexts:
  lab: {endpoints: [pve1.lan], token: {id: "a@pve!bb", secretEnv: LAB}, defaults: {cores: 2}}
  home: {endpoints: [home.lan]}
machineClasses: {small: {cores: 1}}
`

describe('loading the configuration', () => {
  let folder: ConfigFolder
  beforeEach(() => {
    folder = new ConfigFolder()
  })
  afterEach(() => folder.remove())

  const cacheFile = () => path.join(folder.path, 'state', 'configuration.json')

  it('needs no file', async () => {
    const configuration = (await loadConfiguration(folder.surroundings()))._unsafeUnwrap()
    expect(configuration).to.deep.equal({contexts: {}, files: [], machineClasses: {}})
  })

  it('gives the same from the file and from what is kept of it', async () => {
    folder.write('config.yaml', USER)
    const first = (await loadConfiguration(folder.surroundings()))._unsafeUnwrap()
    expect(fs.statSync(cacheFile()).mode & 0o777).to.equal(0o600)
    // The kept copy is what is read now: it says something else.
    fs.writeFileSync(
      cacheFile(),
      fs.readFileSync(cacheFile(), 'utf8').replaceAll('https://home.lan:8006', 'https://kept.lan:8006'),
    )
    const second = (await loadConfiguration(folder.surroundings()))._unsafeUnwrap()
    expect(second.contexts.home?.endpoints).to.deep.equal(['https://kept.lan:8006'])
    expect(second.contexts.lab).to.deep.equal(first.contexts.lab)
  })

  it('reads a file again once it has changed, or for another version', async () => {
    folder.write('config.yaml', USER)
    await loadConfiguration(folder.surroundings())
    fs.writeFileSync(cacheFile(), fs.readFileSync(cacheFile(), 'utf8').replaceAll('home.lan', 'kept.lan'))
    const endpoints = async (version: string) =>
      (await loadConfiguration(folder.surroundings({version})))._unsafeUnwrap().contexts.home?.endpoints
    expect(await endpoints('9.9.9')).to.deep.equal(['https://home.lan:8006'])
    folder.write('config.yaml', USER.replace('home.lan', 'moved.lan'))
    expect(await endpoints('9.9.9')).to.deep.equal(['https://moved.lan:8006'])
  })

  it('works with a damaged copy, and with a state folder it cannot write', async () => {
    folder.write('config.yaml', USER)
    folder.write('state/configuration.json', '{"half')
    expect((await loadConfiguration(folder.surroundings())).isOk()).to.equal(true)
    const file = folder.write('a-file', '')
    expect((await loadConfiguration(folder.surroundings({dataDir: path.join(file, 'state')}))).isOk()).to.equal(true)
  })

  it('keeps no copy of a file that holds a secret', async () => {
    folder.write('config.yaml', USER.replace('secretEnv: LAB', 'secret: hunter2-secret'))
    expect((await loadConfiguration(folder.surroundings())).isOk()).to.equal(true)
    expect(fs.existsSync(cacheFile())).to.equal(false)
  })

  it('refuses a file with a secret that others can read, and says how to close it', async () => {
    const file = folder.write('config.yaml', USER.replace('secretEnv: LAB', 'secret: hunter2-secret'), 0o644)
    const failed = (await loadConfiguration(folder.surroundings()))._unsafeUnwrapErr()
    expect(failed.kind).to.equal('config-invalid')
    expect(failed.hint).to.equal(`chmod 600 ${file}`)
    folder.write('config.yaml', USER, 0o644)
    expect((await loadConfiguration(folder.surroundings())).isOk()).to.equal(true)
  })

  it('refuses a file that everybody can write, or that belongs to someone else', async () => {
    const file = folder.write('config.yaml', USER, 0o666)
    expect((await loadConfiguration(folder.surroundings()))._unsafeUnwrapErr().hint).to.equal(`chmod go-w ${file}`)
    folder.write('config.yaml', USER)
    fs.chownSync(file, 12_345, 12_345)
    const failed = (await loadConfiguration(folder.surroundings()))._unsafeUnwrapErr()
    expect(failed.message).to.include('belongs to another user')
  })

  it('puts the nearest project file above the user file, context by context', async () => {
    folder.write('config.yaml', USER)
    const project = folder.write(
      'work/.homelab.yaml',
      'currentContext: ci\ncontexts: {ci: {endpoints: [ci.lan]}, lab: {endpoints: [other.lan]}}\n',
    )
    folder.write('homelab.yaml', 'contexts: {far: {endpoints: [far.lan]}}\n')
    fs.mkdirSync(path.join(folder.path, 'work/deep/er'), {recursive: true})
    const configuration = (
      await loadConfiguration(folder.surroundings({cwd: path.join(folder.path, 'work/deep/er')}))
    )._unsafeUnwrap()
    expect(configuration.files).to.deep.equal([project, folder.file])
    expect(configuration.currentContext).to.equal('ci')
    expect(Object.keys(configuration.contexts).sort()).to.deep.equal(['ci', 'home', 'lab'])
    // Another cluster's address must never get this one's login or pin.
    expect(configuration.contexts.lab).to.deep.equal({
      name: 'lab',
      file: project,
      endpoints: ['https://other.lan:8006'],
      trust: {kind: 'system'},
      defaults: {},
      nodes: {},
    })
  })

  it('reports the problems of both files at once', async () => {
    folder.write('config.yaml', 'contxts: {}\n')
    folder.write('work/homelab.yaml', 'contexts: 1\n')
    const failed = (
      await loadConfiguration(folder.surroundings({cwd: path.join(folder.path, 'work')}))
    )._unsafeUnwrapErr()
    expect(failed.message).to.include('2 problems').and.to.include('config.yaml:1:1').and.to.include('homelab.yaml:1:1')
    expect((failed.details?.problems as unknown[]).length).to.equal(2)
  })

  it('looks for project files upward to the root, the hidden name first', () => {
    expect(projectCandidates('/a/b')).to.deep.equal([
      '/a/b/.homelab.yaml',
      '/a/b/homelab.yaml',
      '/a/.homelab.yaml',
      '/a/homelab.yaml',
      '/.homelab.yaml',
      '/homelab.yaml',
    ])
  })

  it('keeps state where it is told to', () => {
    const at = (env: Record<string, string>) => stateFolder(folder.surroundings({cwd: '/w', dataDir: '/data', env}))
    expect(at({})).to.equal('/data')
    expect(at({HOMELAB_CONFIG_DIR: '/c'})).to.equal('/c/state')
    expect(at({HOMELAB_CONFIG_DIR: '/c', HOMELAB_STATE_DIR: 'st'})).to.equal('/w/st')
  })
})
