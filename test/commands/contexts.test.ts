import {expect} from 'chai'
import fs from 'node:fs'
import path from 'node:path'

import {ConfigFolder} from '../helpers/config-folder.js'
import {runCommand} from '../helpers/run-command.js'

const TEXT = `currentContext: lab
contexts:
  lab: {endpoints: [pve1.lan], token: {id: "a@pve!bb", secret: hunter2-secret}, defaults: {memory: 2048}}
  home:
    endpoints: [home.lan]
    user: root@pam
    passwordCommand: pass show hunter2-path
`

describe('contexts and configuration', () => {
  let folder: ConfigFolder
  beforeEach(() => {
    folder = new ConfigFolder()
  })
  afterEach(() => folder.remove())

  const run = (...argv: string[]) => runCommand(argv, {configDir: folder.path})

  it('lists contexts, the current one marked', async () => {
    folder.write('config.yaml', TEXT)
    const {stdout} = await run('context', 'list')
    expect(stdout).to.match(
      /^ +NAME +ENDPOINTS +TRUST +SECRET FROM\n\* +lab +https:\/\/pve1\.lan:8006 +system +configuration\n +home +https:\/\/home\.lan:8006 +system +command pass\n$/,
    )
    expect((await run('context', 'ls', '-o', 'name')).stdout).to.equal('lab\nhome\n')
    expect((await run('context', 'list', '--jq', '.[] | select(.current) | .name')).stdout).to.equal('lab\n')
  })

  it('shows everything but secrets', async () => {
    folder.write('config.yaml', TEXT)
    const show = (await run('context', 'show', '--json')).json()
    expect(show).to.deep.equal({
      name: 'lab',
      current: true,
      endpoints: ['https://pve1.lan:8006'],
      trust: 'system',
      login: 'token',
      tokenId: 'a@pve!bb',
      secretFrom: 'configuration',
      file: folder.file,
      defaults: {memoryBytes: 2 ** 31},
    })
    for (const argv of [
      ['context', 'list'],
      ['context', 'show', 'home'],
      ['config', 'show'],
      ['config', 'validate'],
      ['config', 'path'],
    ]) {
      for (const flags of [[], ['--json'], ['-o', 'yaml'], ['-o', 'csv'], ['--debug', '-v']]) {
        const {exitCode, stderr, stdout} = await run(...argv, ...flags)
        expect(exitCode, `${argv.join(' ')} ${flags.join(' ')}: ${stderr}`).to.equal(0)
        expect(stdout + stderr).not.to.include('hunter2')
      }
    }
  })

  it('adds, chooses and removes contexts', async () => {
    const pin = Array.from({length: 32}, () => 'AB').join(':')
    const added = await run(
      'context',
      'add',
      'lab',
      '--endpoint',
      'pve1.lan',
      '--endpoint',
      'pve2.lan',
      '--fingerprint',
      pin,
      '--token-id',
      'a@pve!bb',
      '--secret-command',
      'pass show pve',
      '--json',
    )
    expect(added.json()).to.deep.include({
      name: 'lab',
      current: true,
      endpoints: ['https://pve1.lan:8006', 'https://pve2.lan:8006'],
      secretFrom: 'command pass',
    })
    expect((await run('context', 'add', 'two', '--endpoint', 'two.lan', '--json')).json()).to.deep.include({
      current: false,
      trust: 'system',
    })
    expect((await run('context', 'add', 'two', '--endpoint', 'x.lan')).exitCode).to.equal(6)
    expect((await run('context', 'use', 'two', '--json')).json()).to.deep.include({name: 'two', changed: true})
    expect((await run('context', 'use', 'two', '--json')).json()).to.deep.include({changed: false})
    expect((await run('context', 'use', 'tow')).stderr).to.include('did you mean two?')
    const refused = await run('context', 'remove', 'two')
    expect(refused.exitCode).to.equal(2)
    expect(refused.stderr).to.include('hint: answer with --yes')
    expect((await run('context', 'remove', 'two', '--yes', '--json')).json()).to.deep.equal({
      name: 'two',
      removed: true,
    })
    expect((await run('context', 'remove', 'two', '--yes')).exitCode).to.equal(5)
    expect((await run('context', 'list', '-o', 'name')).stdout).to.equal('lab\n')
  })

  it('reads a secret from stdin and stores it for its owner alone', async () => {
    const outcome = await runCommand(
      [
        'context',
        'add',
        'lab',
        '--endpoint',
        'pve1.lan',
        '--token-id',
        'a@pve!bb',
        '--secret-stdin',
        '--json',
        '--debug',
      ],
      {
        configDir: folder.path,
        stdin: 'hunter2-secret\n',
      },
    )
    expect(outcome.exitCode).to.equal(0)
    expect(outcome.stdout + outcome.stderr + folder.read()).not.to.include('hunter2')
    const file = path.join(folder.path, 'secrets/lab')
    expect(fs.readFileSync(file, 'utf8')).to.equal('hunter2-secret\n')
    expect(fs.statSync(file).mode & 0o777).to.equal(0o600)
    await run('context', 'remove', 'lab', '-y')
    expect(fs.existsSync(file)).to.equal(false)
  })

  it('refuses what cannot be a context', async () => {
    const exit = async (...argv: string[]) => (await run('context', 'add', ...argv)).exitCode
    expect(await exit('../x', '--endpoint', 'a.lan')).to.equal(2)
    expect(await exit('x', '--endpoint', 'http://a.lan')).to.equal(2)
    expect(await exit('x', '--endpoint', 'a.lan', '--token-id', 'nonsense', '--secret-env', 'X')).to.equal(2)
    expect(await exit('x', '--endpoint', 'a.lan', '--fingerprint', 'AA')).to.equal(78)
    expect(fs.existsSync(folder.file)).to.equal(false)
  })

  it('says where things lie', async () => {
    folder.write('work/.homelab.yaml', 'contexts: {}\n')
    const outcome = await runCommand(['config', 'path', '--json'], {
      configDir: folder.path,
      cwd: path.join(folder.path, 'work'),
    })
    expect(outcome.json()).to.deep.equal({
      userFile: folder.file,
      projectFile: path.join(folder.path, 'work/.homelab.yaml'),
      stateDir: path.join(folder.path, 'state'),
    })
  })

  it('refuses a configuration that holds a secret and that others can read, whatever the command', async () => {
    folder.write('config.yaml', TEXT, 0o644)
    for (const argv of [
      ['context', 'list'],
      ['config', 'validate'],
      ['auth', 'status'],
    ]) {
      const {exitCode, stderr} = await run(...argv)
      expect(exitCode).to.equal(78)
      expect(stderr).to.include(`hint: chmod 600 ${folder.file}`).and.not.to.include('hunter2')
    }
  })
})
