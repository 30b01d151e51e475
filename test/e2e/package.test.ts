import {expect} from 'chai'
import {spawnSync} from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {fileURLToPath} from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What an installed copy sees: no variables of this project or of npm, and a home of its own. */
function cleanEnvironment(home: string): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|HOMELAB|HL_|XDG_|NODE_|NO_COLOR|FORCE_COLOR)/i.test(name),
  )
  return {...Object.fromEntries(inherited), HOME: home, NO_COLOR: '1'}
}

describe('the package', function () {
  this.timeout(180_000)

  let folder: string
  let prefix: string
  let files: string[]

  function run(program: string, args: readonly string[], cwd = folder) {
    const {status, stderr, stdout} = spawnSync(program, args, {cwd, encoding: 'utf8', env: cleanEnvironment(folder)})
    return {status, stderr, stdout}
  }

  const installed = (...args: string[]) => run(path.join(prefix, 'bin/homelab'), args)

  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'homelab-package-'))
    prefix = path.join(folder, 'prefix')

    const packed = run('npm', ['pack', '--pack-destination', folder, '--silent'], root)
    expect(packed.status, packed.stderr).to.equal(0)
    const tarball = fs.readdirSync(folder).find((name) => name.endsWith('.tgz'))
    expect(tarball, packed.stdout).to.be.a('string')
    const list = run('tar', ['-tzf', tarball!])
    files = list.stdout.trim().split('\n')

    // Offline: everything it needs to run is inside.
    const install = run('npm', [
      'install',
      '--global',
      '--prefix',
      prefix,
      '--offline',
      '--no-audit',
      '--no-fund',
      tarball!,
    ])
    expect(install.status, install.stderr).to.equal(0)
  })

  after(() => fs.rmSync(folder, {force: true, recursive: true}))

  it('holds the program and its papers, and nothing else', () => {
    const tops = new Set(files.map((file) => file.split('/')[1]))
    expect([...tops].sort()).to.deep.equal(
      ['CHANGELOG.md', 'LICENSE', 'README.md', 'bin', 'dist', 'oclif.manifest.json', 'package.json'].sort(),
    )
    expect(files.filter((file) => file.startsWith('package/bin/'))).to.deep.equal(['package/bin/run.js'])
    expect(files.filter((file) => /\.map$|\.test\.|node_modules|meta\.json/.test(file))).to.deep.equal([])
  })

  it('names no folder of the machine it was made on', () => {
    const home = path.join(prefix, 'lib/node_modules/homelab')
    const telling = fs
      .readdirSync(home, {recursive: true, encoding: 'utf8'})
      .filter((file) => /\.(js|json|ts|txt)$/.test(file))
      .filter((file) => fs.readFileSync(path.join(home, file), 'utf8').includes(root))
    expect(telling).to.deep.equal([])
  })

  it('answers by both names', () => {
    const {version} = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'))
    for (const name of ['homelab', 'hl']) {
      const {status, stdout} = run(path.join(prefix, 'bin', name), ['--version'])
      expect(status).to.equal(0)
      expect(stdout).to.match(new RegExp(`^homelab/${version.replaceAll('.', '\\.')} `))
    }
  })

  it('lists its topics', () => {
    const {status, stdout} = installed('help')
    expect(status).to.equal(0)
    expect(stdout).to.contain('USAGE').and.to.contain('proxmox')
  })

  it('prints nothing on stderr when all is well', () => {
    const {status, stderr, stdout} = installed('help', 'exit-codes', '--json')
    expect({status, stderr}).to.deep.equal({status: 0, stderr: ''})
    expect(JSON.parse(stdout)).to.be.an('array').that.is.not.empty
  })

  it('filters JSON with the jq it carries', () => {
    const {status, stdout} = installed('help', 'exit-codes', '--jq', '.[0].code')
    expect(status).to.equal(0)
    expect(stdout.trim()).to.equal('0')
  })

  it('is quiet and unchanged under NODE_ENV=development', () => {
    const {status, stderr, stdout} = spawnSync(path.join(prefix, 'bin/homelab'), ['help', 'exit-codes'], {
      cwd: folder,
      encoding: 'utf8',
      env: {...cleanEnvironment(folder), CONTENT_TYPE: 'json', HOMELAB_CONTENT_TYPE: 'json', NODE_ENV: 'development'},
    })
    expect({status, stderr}).to.deep.equal({status: 0, stderr: ''})
    expect(stdout).to.match(/^CODE/)
  })

  it('runs a simulated cluster and lists its guests', () => {
    const started = installed('simulator', 'start', '--name', 'packaged', '--speed', 'instant', '--json')
    expect(started.status, started.stdout + started.stderr).to.equal(0)
    try {
      const list = installed('proxmox', 'vm', 'list', '--json')
      expect({status: list.status, stderr: list.stderr}).to.deep.equal({status: 0, stderr: ''})
      expect(JSON.parse(list.stdout).map((guest: {name: string}) => guest.name)).to.include('ubuntu-22.04')
    } finally {
      expect(installed('simulator', 'stop', '--name', 'packaged').status).to.equal(0)
    }
  })

  describe('as a library', () => {
    let project: string

    before(() => {
      project = path.join(folder, 'project')
      fs.mkdirSync(path.join(project, 'node_modules'), {recursive: true})
      fs.symlinkSync(path.join(prefix, 'lib/node_modules/homelab'), path.join(project, 'node_modules/homelab'))
      fs.writeFileSync(path.join(project, 'package.json'), JSON.stringify({type: 'module'}))
    })

    it('starts the simulator in the process of a test', () => {
      const program = `
        import https from 'node:https'
        import {startSimulator} from 'homelab/simulator'
        const simulator = await startSimulator({fixture: 'demo', speed: 'instant'})
        const headers = {Authorization: 'PVEAPIToken=' + simulator.tokenId + '=' + simulator.tokenSecret}
        https.get(simulator.url + '/api2/json/version', {agent: false, headers, rejectUnauthorized: false}, async (response) => {
          console.log(response.statusCode, JSON.parse((await response.toArray()).join('')).data.release)
          await simulator.stop()
        })`
      fs.writeFileSync(path.join(project, 'main.js'), program)
      const {status, stderr, stdout} = run(process.execPath, ['main.js'], project)
      expect({status, stderr, stdout}).to.deep.equal({status: 0, stderr: '', stdout: '200 8.4\n'})
    })

    it('has types', () => {
      const program = `
        import {startSimulator, type Simulator} from 'homelab/simulator'
        const simulator: Simulator = await startSimulator({fixture: 'demo', pveVersion: '9.2'})
        const url: string = simulator.url
        // @ts-expect-error there is no such release
        await startSimulator({pveVersion: '1.0'})
        await simulator.stop()
        console.log(url)`
      fs.writeFileSync(path.join(project, 'main.ts'), program)
      const options = [
        '--noEmit',
        '--strict',
        '--skipLibCheck',
        '--target',
        'es2023',
        '--module',
        'nodenext',
        '--ignoreConfig',
      ]
      const types = ['--types', 'node', '--typeRoots', path.join(root, 'node_modules/@types')]
      const tsc = path.join(root, 'node_modules/typescript/bin/tsc')
      const {status, stdout} = run(process.execPath, [tsc, ...options, ...types, 'main.ts'], project)
      expect({status, stdout}).to.deep.equal({status: 0, stdout: ''})
    })
  })
})
