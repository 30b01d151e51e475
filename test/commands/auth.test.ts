import {expect} from 'chai'
import fs from 'node:fs'
import path from 'node:path'
import type {ServerResponse} from 'node:http'

import {selfSigned, type TestCertificate} from '../helpers/certificate.js'
import {startCluster, type TestCluster} from '../helpers/cluster.js'
import {ConfigFolder} from '../helpers/config-folder.js'
import {httpsServer, type Received, type TestServer} from '../helpers/https-server.js'
import {runCommand, type RunOptions} from '../helpers/run-command.js'

describe('logging in', () => {
  let cluster: TestCluster
  let folder: ConfigFolder
  before(async () => {
    cluster = await startCluster({fixture: 'recorded'})
  })
  after(() => cluster.stop())
  beforeEach(() => {
    folder = new ConfigFolder()
    cluster.requests.length = 0
  })
  afterEach(() => folder.remove())

  const run = (argv: string[], options: RunOptions = {}) => runCommand(argv, {configDir: folder.path, ...options})
  const login = (...flags: string[]) => ['auth', 'login', cluster.simulator.url, '--name', 'lab', ...flags]
  const pin = () => cluster.simulator.fingerprint
  const byToken = () =>
    run(login('--fingerprint', pin(), '--token-id', cluster.simulator.tokenId, '--secret-stdin', '--json'), {
      stdin: `${cluster.simulator.tokenSecret}\n`,
    })

  it('tries the token, stores its secret apart, and shows it never again', async () => {
    const outcome = await byToken()
    expect(outcome.stderr).to.equal('')
    expect(outcome.json()).to.deep.include({
      context: 'lab',
      current: true,
      url: cluster.simulator.url,
      fingerprint: pin(),
      tokenId: cluster.simulator.tokenId,
      tokenCreated: false,
      secretFile: path.join(folder.path, 'secrets/lab'),
    })
    expect(outcome.stdout + folder.read()).not.to.include(cluster.simulator.tokenSecret)
    expect(fs.readFileSync(path.join(folder.path, 'secrets/lab'), 'utf8').trim()).to.equal(
      cluster.simulator.tokenSecret,
    )

    const status = await run(['auth', 'status', '--json', '--debug'])
    expect(status.json()).to.deep.include({
      context: 'lab',
      endpoint: cluster.simulator.url,
      tokenId: cluster.simulator.tokenId,
    })
    expect(status.stdout + status.stderr).not.to.include(cluster.simulator.tokenSecret)
    expect((await run(['context', 'test', 'lab'])).exitCode).to.equal(0)
    for (const file of fs.readdirSync(path.join(folder.path, 'state'), {recursive: true, withFileTypes: true})) {
      if (!file.isFile()) continue
      expect(fs.readFileSync(path.join(file.parentPath, file.name), 'utf8')).not.to.include(
        cluster.simulator.tokenSecret,
      )
    }
  })

  it('forgets the login and its secret, and says so when there is none', async () => {
    await byToken()
    expect((await run(['auth', 'logout', '--json'])).json()).to.deep.equal({
      context: 'lab',
      changed: true,
      revoked: false,
    })
    expect(fs.readdirSync(path.join(folder.path, 'secrets'))).to.deep.equal([])
    expect((await run(['auth', 'logout', '--json'])).json()).to.deep.equal({
      context: 'lab',
      changed: false,
      revoked: false,
    })
    const status = await run(['auth', 'status'])
    expect(status.exitCode).to.equal(4)
    expect(status.stderr).to.include(`homelab auth login ${cluster.simulator.url}`)
  })

  it('sends nothing to a server whose certificate is another one: exit 3 with both fingerprints', async () => {
    const other = Array.from({length: 32}, () => 'AB').join(':')
    const {exitCode, stdout} = await run(
      login('--fingerprint', other, '--token-id', 'a@pve!bb', '--secret-stdin', '--json'),
      {stdin: 'x-secret\n'},
    )
    expect(exitCode).to.equal(3)
    const {error} = JSON.parse(stdout)
    expect(error.code).to.equal('certificate-changed')
    expect(error.details).to.deep.equal({endpoint: cluster.simulator.url, expected: other, actual: pin()})
    expect(cluster.requests).to.deep.equal([])
    expect(fs.existsSync(folder.file)).to.equal(false)
  })

  it('shows the fingerprint and asks; without a terminal it names the flag', async () => {
    const {exitCode, stderr, stdout} = await run(login('--token-id', 'a@pve!bb', '--secret-env', 'X'))
    expect(exitCode).to.equal(2)
    expect(stdout).to.equal('')
    expect(stderr).to.include(`SHA-256 fingerprint  ${pin()}`).and.to.include(`--fingerprint ${pin()}`)
    expect(cluster.requests).to.deep.equal([])
  })

  it('writes nothing when the server refuses the login: exit 4', async () => {
    const wrong = '00000000-0000-4000-8000-000000000000'
    const {exitCode, stderr} = await run(
      login('--fingerprint', pin(), '--token-id', cluster.simulator.tokenId, '--secret-stdin'),
      {stdin: `${wrong}\n`},
    )
    expect(exitCode).to.equal(4)
    expect(stderr).not.to.include(wrong)
    expect(fs.existsSync(folder.file)).to.equal(false)
    expect(fs.existsSync(path.join(folder.path, 'secrets'))).to.equal(false)
  })

  it('logs in by password, and asks for no token where nobody can answer', async () => {
    const outcome = await run(login('--fingerprint', pin(), '--user', 'root@pam', '--secret-stdin', '--json'), {
      stdin: 'rootpw123\n',
    })
    expect(outcome.json()).to.deep.include({user: 'root@pam', tokenCreated: false})
    expect(folder.read())
      .to.include('user: root@pam')
      .and.to.include('passwordFile: secrets/lab')
      .and.not.to.include('rootpw123')
    expect((await run(['auth', 'status', '--json'])).json()).to.deep.include({user: 'root@pam'})
  })

  it('stores where a secret comes from instead of the secret', async () => {
    const env = {LAB_SECRET: cluster.simulator.tokenSecret}
    const outcome = await run(
      login('--fingerprint', pin(), '--token-id', cluster.simulator.tokenId, '--secret-env', 'LAB_SECRET', '--json'),
      {env},
    )
    expect(outcome.exitCode).to.equal(0)
    expect(folder.read()).to.include('secretEnv: LAB_SECRET')
    expect(fs.existsSync(path.join(folder.path, 'secrets'))).to.equal(false)
    expect((await run(['auth', 'status'], {env})).exitCode).to.equal(0)
    expect((await run(['auth', 'status'])).exitCode).to.equal(78)
  })

  it('takes over a context of the same cluster, never one of another', async () => {
    await byToken()
    folder.write('config.yaml', `${folder.read()}# a remark\n`)
    expect((await byToken()).exitCode).to.equal(0)
    expect(folder.read()).to.include('# a remark')
    folder.write('config.yaml', 'contexts: {lab: {endpoints: [other.lan]}}\n')
    const {exitCode, stderr} = await byToken()
    expect(exitCode).to.equal(6)
    expect(stderr).to.include('')
    expect(folder.read()).to.equal('contexts: {lab: {endpoints: [other.lan]}}\n')
  })

  it('refuses contradictions and addresses that are none before anything is sent', async () => {
    const exit = async (argv: string[]) => (await run(argv)).exitCode
    expect(await exit(['auth', 'login', 'http://pve1.lan', '--user', 'a@pam'])).to.equal(2)
    expect(await exit(login('--token-id', 'a@pve!bb', '--secret-env', 'X', '--role', 'PVEAdmin'))).to.equal(2)
    expect(await exit(login('--user', 'a@pam', '--no-create-token', '--role', 'PVEAdmin'))).to.equal(2)
    expect(await exit(login('--name', '../x'))).to.equal(2)
    expect(cluster.requests).to.deep.equal([])
  })
})

describe('logging in with a new API token', () => {
  const SECRET = '0f0f0f0f-aaaa-4bbb-8ccc-123456789abc'
  let folder: ConfigFolder
  let server: TestServer
  let answers: Record<string, (response: ServerResponse) => void>
  const data = (value: unknown) => (response: ServerResponse) => {
    response.setHeader('content-type', 'application/json;charset=UTF-8')
    response.end(JSON.stringify({data: value}))
  }
  const refuse = (response: ServerResponse) => {
    response.writeHead(403, {'content-type': 'application/json;charset=UTF-8'})
    response.end(JSON.stringify({data: null, message: 'Permission check failed (/, Permissions.Modify)\n'}))
  }
  let certificate: TestCertificate

  before(async () => {
    certificate = await selfSigned('127.0.0.1')
  })

  beforeEach(async () => {
    folder = new ConfigFolder()
    answers = {
      'GET /access/permissions': data({'/': {'VM.Audit': 1}}),
      'GET /version': data({release: '8.4', repoid: 'x', version: '8.4.1'}),
      'POST /access/ticket': data({
        CSRFPreventionToken: 'csrf',
        ticket: 'PVE:root@pam:00000000::sig',
        username: 'root@pam',
      }),
      'POST /access/users/root@pam/token/homelab': data({
        'full-tokenid': 'root@pam!homelab',
        info: {privsep: '0'},
        value: SECRET,
      }),
      'DELETE /access/users/root@pam/token/homelab': data(null),
      'PUT /access/acl': data(null),
      'GET /cluster/status': data([]),
      'GET /nodes': data([]),
    }
    server = await httpsServer(certificate, (request, response) => {
      const answer = answers[nameOf(request)]
      if (answer) answer(response)
      else response.writeHead(501).end()
    })
  })
  afterEach(async () => {
    await server.close()
    folder.remove()
  })

  const nameOf = ({method, url}: Received) =>
    `${method} ${decodeURIComponent(url.replace('/api2/json', '').replace(/\?.*/, ''))}`
  const login = (...flags: string[]) =>
    runCommand(
      [
        'auth',
        'login',
        server.url,
        '--name',
        'lab',
        '--fingerprint',
        certificate.fingerprint,
        '--user',
        'root@pam',
        '--secret-stdin',
        '--json',
        '--debug',
        ...flags,
      ],
      {
        configDir: folder.path,
        stdin: 'rootpw-hunter2\n',
      },
    )
  const bodyOf = (name: string) =>
    Object.fromEntries(new URLSearchParams(server.received.find((request) => nameOf(request) === name)?.body))

  it('creates one that may do what its user may, and stores that instead of the password', async () => {
    const outcome = await login('--create-token')
    expect(outcome.json()).to.deep.include({tokenId: 'root@pam!homelab', tokenCreated: true})
    expect(bodyOf('POST /access/users/root@pam/token/homelab')).to.deep.include({privsep: '0'})
    expect(server.received.map((request) => nameOf(request))).not.to.include('PUT /access/acl')
    expect(fs.readFileSync(path.join(folder.path, 'secrets/lab'), 'utf8')).to.equal(`${SECRET}\n`)
    const seen = outcome.stdout + outcome.stderr + folder.read()
    expect(seen).not.to.include(SECRET).and.not.to.include('hunter2')
  })

  it('separates its privileges and grants it the role', async () => {
    expect((await login('--role', 'PVEVMAdmin')).exitCode).to.equal(0)
    expect(bodyOf('POST /access/users/root@pam/token/homelab')).to.deep.include({privsep: '1'})
    expect(bodyOf('PUT /access/acl')).to.deep.equal({
      path: '/',
      propagate: '1',
      roles: 'PVEVMAdmin',
      tokens: 'root@pam!homelab',
    })
  })

  it('removes the token again when the role cannot be granted', async () => {
    answers['PUT /access/acl'] = refuse
    const {exitCode} = await login('--role', 'PVEVMAdmin')
    expect(exitCode).to.equal(4)
    expect(server.received.map((request) => nameOf(request))).to.include('DELETE /access/users/root@pam/token/homelab')
    expect(fs.existsSync(folder.file)).to.equal(false)
  })

  it('says which token was left when it cannot be removed either: exit 12', async () => {
    answers['PUT /access/acl'] = refuse
    answers['DELETE /access/users/root@pam/token/homelab'] = refuse
    const outcome = await login('--role', 'PVEVMAdmin')
    expect(outcome.exitCode).to.equal(12)
    expect(outcome.json().error.hint).to.include('homelab proxmox api delete /access/users/root@pam/token/homelab')
  })
})
