import {expect} from 'chai'
import {spawnSync} from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {fileURLToPath} from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What an installed copy sees: no variables of this project or of npm, and a home of its own. */
function cleanEnvironment(home: string): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(npm_|HOMELAB|HL_|XDG_|NODE_|NO_COLOR|FORCE_COLOR)/i.test(name))
  return {...Object.fromEntries(inherited), HOME: home, NO_COLOR: '1'}
}

describe('the package', function () {
  this.timeout(90_000)

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
    const install = run('npm', ['install', '--global', '--prefix', prefix, '--offline', '--no-audit', '--no-fund', tarball!])
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
})
