// The main job on a simulated three-node cluster, over real HTTPS: start it, create a VM, look at it, stop it. Leaves nothing behind.
import {spawnSync} from 'node:child_process'
import {existsSync, mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'

const bin = fileURLToPath(new URL('../bin/run.js', import.meta.url))
const manifest = fileURLToPath(new URL('../oclif.manifest.json', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'homelab-demo-'))
// The demo's own configuration: the cluster of whoever runs it is never touched.
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HOMELAB_')))
env.HOMELAB_CONFIG_DIR = folder

if (!existsSync(manifest)) run(process.execPath, [fileURLToPath(new URL('build.mjs', import.meta.url))])
let exitCode = 1
try {
  homelab('simulator start --name demo --fixture demo --speed 20')
  homelab('proxmox vm create web ubuntu-22.04')
  homelab('proxmox vm list')
  homelab('proxmox vm create db debian-12 --cores 2 --memory 4GiB --tag prod --start --json')
  exitCode = 0
} catch (error) {
  process.stderr.write(`${error.message}\n`)
} finally {
  try {
    homelab('simulator stop --name demo --purge')
  } catch (error) {
    process.stderr.write(`${error.message}\n`)
    exitCode = 1
  }

  rmSync(folder, {force: true, recursive: true})
}

process.exitCode = exitCode

function homelab(line) {
  process.stdout.write(`\n$ homelab ${line}\n`)
  run(process.execPath, [bin, ...line.split(' ')])
}

function run(command, args) {
  const {status, error} = spawnSync(command, args, {env, stdio: 'inherit'})
  if (status !== 0) throw new Error(`the demo stopped: exit ${status ?? error?.message}`)
}
