/** Clients nobody here wrote talk to a simulator as they talk to a Proxmox VE. Those that are not installed are left out. */
import {expect} from 'chai'
import {spawn, spawnSync} from 'node:child_process'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import path from 'node:path'

import {type Simulator, startSimulator} from '../../src/simulator/start-simulator.js'

const PROXMOXER = `
import json, os, sys, time, warnings
warnings.simplefilter('ignore')
from proxmoxer import ProxmoxAPI, ResourceException
url = os.environ['PVE_URL'].split('//')[1]
host, port = url.split(':')
if os.environ.get('PVE_PASSWORD'):
    api = ProxmoxAPI(host, port=int(port), user='root@pam', password=os.environ['PVE_PASSWORD'], verify_ssl=False)
else:
    user, name = os.environ['PVE_TOKEN_ID'].split('!')
    api = ProxmoxAPI(host, port=int(port), user=user, token_name=name, token_value=os.environ['PVE_TOKEN_SECRET'], verify_ssl=False)

def wait(upid):
    node = upid.split(':')[1]
    while True:
        task = api.nodes(node).tasks(upid).status.get()
        if task['status'] == 'stopped':
            return task['exitstatus']
        time.sleep(0.02)

said = {}
said['names'] = sorted(vm['name'] for vm in api.nodes('pve1').qemu.get())
said['clone'] = wait(api.nodes('pve1').qemu(9000).clone.post(newid=300, name='cloned', full=1))
said['start'] = wait(api.nodes('pve1').qemu(300).status.start.post())
said['running'] = api.nodes('pve1').qemu(300).status.current.get()['status']
said['snapshot'] = wait(api.nodes('pve1').qemu(300).snapshot.post(snapname='before'))
said['snapshots'] = sorted(s['name'] for s in api.nodes('pve1').qemu(300).snapshot.get())
with open(os.environ['PVE_ISO'], 'rb') as iso:
    said['upload'] = wait(api.nodes('pve1').storage('local').upload.post(content='iso', filename=iso))
said['isos'] = sorted(v['volid'] for v in api.nodes('pve1').storage('local').content.get(content='iso'))
said['stop'] = wait(api.nodes('pve1').qemu(300).status.stop.post())
said['delete'] = wait(api.nodes('pve1').qemu(300).delete())
try:
    api.nodes('pve1').qemu(300).config.get()
except ResourceException as error:
    said['gone'] = [error.status_code, error.content]
print(json.dumps(said))
`

const STOCK_ENGINE = `
import proxmoxApi from 'proxmox-api'
const {hostname, port} = new URL(process.env.PVE_URL)
const login = process.env.PVE_PASSWORD
  ? {password: process.env.PVE_PASSWORD, username: 'root@pam'}
  : {tokenID: process.env.PVE_TOKEN_ID, tokenSecret: process.env.PVE_TOKEN_SECRET}
const api = proxmoxApi({...login, host: hostname, port: Number(port)})
const node = api.nodes.$('pve1')
async function wait(upid) {
  for (;;) {
    const task = await node.tasks.$(upid).status.$get()
    if (task.status === 'stopped') return task.exitstatus
  }
}

const said = {
  version: (await api.version.$get()).release,
  clone: await wait(await node.qemu.$(9000).clone.$post({newid: 301, name: 'cloned'})),
  config: (await node.qemu.$(301).config.$get()).name,
  delete: await wait(await node.qemu.$(301).$delete()),
}
try {
  await node.qemu.$(301).config.$get()
} catch (error) {
  said.gone = error.message
}

console.log(JSON.stringify(said))
process.exit(0)
`

const pythons = ['/usr/bin/python3', 'python3']
const python = pythons.find((program) => spawnSync(program, ['-c', 'import proxmoxer, requests']).status === 0)
const hasCurl = spawnSync('curl', ['--version']).status === 0

describe('clients of others', () => {
  let simulator: Simulator
  let folder: string
  let token: Record<string, string>

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'homelab-clients-'))
    simulator = await startSimulator({fixture: 'demo', speed: 'instant'})
    const iso = path.join(folder, 'small.iso')
    writeFileSync(iso, Buffer.alloc(300_000, 'iso'))
    token = {
      PVE_ISO: iso,
      PVE_TOKEN_ID: simulator.tokenId,
      PVE_TOKEN_SECRET: simulator.tokenSecret,
      PVE_URL: simulator.url,
    }
  })

  afterEach(async () => {
    await simulator.stop()
    rmSync(folder, {recursive: true, force: true})
  })

  /** Runs a program that talks to the simulator of this process. */
  function run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
    return new Promise((resolve, reject) => {
      const child = spawn(program, args, {
        cwd: path.resolve(import.meta.dirname, '../..'),
        env: {PATH: process.env['PATH'], ...env},
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let out = ''
      let errors = ''
      child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
      child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
      child.on('error', reject)
      child.on('close', (code) =>
        code === 0 ? resolve(out) : reject(new Error(`${program} exited ${code}: ${errors}`)),
      )
    })
  }

  if (python !== undefined) {
    for (const login of ['token', 'password'] as const) {
      it(`python's proxmoxer lists, clones, waits, takes snapshots, uploads and deletes, by ${login}`, async () => {
        const env = login === 'token' ? token : {...token, PVE_PASSWORD: 'demo-root-password'}
        const said = JSON.parse(await run(python, ['-c', PROXMOXER], env))
        expect(said).to.deep.equal({
          names: ['db', 'debian-12', 'ubuntu-22.04'],
          clone: 'OK',
          start: 'OK',
          running: 'running',
          snapshot: 'OK',
          snapshots: ['before', 'current'],
          upload: 'OK',
          isos: ['local:iso/debian-12.7.0-amd64-netinst.iso', 'local:iso/small.iso'],
          stop: 'OK',
          delete: 'OK',
          gone: [500, "Configuration file 'nodes/pve1/qemu-server/300.conf' does not exist"],
        })
      })
    }
  }

  for (const login of ['token', 'password'] as const) {
    it(`proxmox-api's own engine works, by ${login}`, async () => {
      // this engine knows no pins; the switch is that of a process of its own
      const env = {...token, NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_NO_WARNINGS: '1'}
      const withLogin = login === 'token' ? env : {...env, PVE_PASSWORD: 'demo-root-password'}
      const said = JSON.parse(await run(process.execPath, ['--input-type=module', '-e', STOCK_ENGINE], withLogin))
      expect(said).to.include({version: '8.4', clone: 'OK', config: 'cloned', delete: 'OK'})
      expect(said.gone).to.contain("Configuration file 'nodes/pve1/qemu-server/301.conf' does not exist")
    })
  }

  if (hasCurl) {
    it('curl logs in, sends forms and files, and understands the answers', async () => {
      const curl = (...args: string[]): Promise<string> =>
        run('curl', ['--silent', '--show-error', '--insecure', ...args])
      const api = `${simulator.url}/api2/json`
      const login = JSON.parse(
        await curl(
          '--data-urlencode',
          'username=root@pam',
          '--data',
          'password=demo-root-password',
          `${api}/access/ticket`,
        ),
      ).data
      const ticket = [
        '--cookie',
        `PVEAuthCookie=${login.ticket}`,
        '--header',
        `CSRFPreventionToken: ${login.CSRFPreventionToken}`,
      ]
      expect(JSON.parse(await curl(...ticket, `${api}/version`)).data.release).to.equal('8.4')
      const header = ['--header', `Authorization: PVEAPIToken=${simulator.tokenId}=${simulator.tokenSecret}`]
      const made = JSON.parse(
        await curl(...header, '--data', 'vmid=310&memory=512&name=curled', `${api}/nodes/pve1/qemu`),
      )
      expect(made.data).to.match(/^UPID:pve1:.*:qmcreate:310:/)
      const upload = ['--form', 'content=iso', '--form', `filename=@${token['PVE_ISO']}`]
      const uploaded = await curl(...header, ...upload, `${api}/nodes/pve1/storage/local/upload`)
      expect(JSON.parse(uploaded).data).to.match(/^UPID:pve1:.*:imgcopy:/)
      const code = ['--output', '/dev/null', '--write-out', '%{http_code}']
      expect(await curl(...header, ...code, '--request', 'DELETE', `${api}/nodes/pve1/qemu/310`)).to.equal('200')
      expect(await curl(...header, ...code, `${api}/nodes/pve1/nonsense`)).to.equal('501')
      expect(await curl(...header, '--compressed', `${api}/access/roles`)).to.contain('PVEAdmin')
    })
  }
})
