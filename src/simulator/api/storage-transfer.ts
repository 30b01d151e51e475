import {die, errorText, paramError} from '../kernel/pve-error.js'
import {applianceList, applianceSize} from '../storage/appliances.js'
import {fetchUrl, headUrl} from '../storage/fetch-url.js'
import {fileTarget, type FileTarget, hasRoom, putFile, templateFacts} from '../storage/files.js'
import {registryImage} from '../storage/registry.js'
import {findVolume} from '../storage/volumes.js'

import type {Routes} from '../kernel/call.js'
import type {Task} from '../kernel/tasks.js'

const MIB = 1024 ** 2
/** Bytes a second a file is copied with. */
const COPY_SPEED = 200 * MIB
/** And downloaded with. */
const NETWORK_SPEED = 20 * MIB
const ROOT = '/nodes/{node}/storage/{storage}'

export const storageTransferRoutes: Routes = {
  /** Runs on the node that was asked, which may have to send the file on (reference 2.6). */
  [`POST ${ROOT}/upload`](call) {
    const {world, upload} = call
    const node = call.required('node') === 'localhost' ? call.node : call.required('node')
    const target = fileTarget(world, node, {
      storage: call.required('storage'),
      content: call.required('content'),
      filename: call.required('filename'),
      verb: 'upload',
    })
    if (!upload) return die('missing temporary file name')
    const algorithm = call.text('checksum-algorithm')
    const checksum = call.text('checksum')
    return call.startTask('imgcopy', '', async (task) => {
      task.log(`starting file import from: ${upload.path}`)
      if (algorithm !== undefined && checksum !== undefined)
        compareChecksum(task, 'calculating checksum...', upload.digest(algorithm), checksum)
      const isHere = node === call.node
      const remote = world.node(node)
      const blocked = isHere ? undefined : world.unreachable(call.node, remote)
      if (blocked) die(`import failed: ssh: connect to host ${remote.ip} port 22: ${blocked.reason}`)
      task.log(`target node: ${node}`)
      task.log(`target file: ${target.path}`)
      task.log(`file size is: ${upload.size}`)
      const command = isHere
        ? `cp -- ${upload.path} ${target.path}`
        : `/usr/bin/scp -o BatchMode=yes -p -- ${upload.path} [${remote.ip}]:${target.path}`
      task.log(`command: ${command}`)
      await task.sleep(upload.size / COPY_SPEED)
      if (!hasRoom(world, target.storage, node, upload.size)) {
        task.log(`cp: error writing '${target.path}': No space left on device`)
        die(`import failed: command '${command}' failed: exit code 1`)
      }

      putFile(world, node, target, {size: upload.size, ...inside(target)})
      task.log('finished file import successfully')
    })
  },

  [`POST ${ROOT}/download-url`](call) {
    const {world, node} = call
    const content = call.required('content')
    const url = call.required('url')
    const compression = call.text('compression')
    const target = fileTarget(world, node, {
      storage: call.required('storage'),
      content,
      filename: call.required('filename'),
      verb: 'upload',
    })
    if (compression !== undefined && content !== 'iso')
      paramError({compression: `decompression not supported for ${content}`})
    const algorithm = call.text('checksum-algorithm')
    const checksum = call.text('checksum')
    return call.startTask('download', target.filename, async (task) => {
      task.log(`downloading ${url} to ${target.path}`)
      if (findVolume(world, target.volid, node)) die(`refusing to override existing file '${target.path}'`)
      const fetched = await fetchUrl(url, {algorithm: algorithm ?? 'sha256', signal: task.signal}).catch(
        (error: unknown) => {
          task.log(`wget: ${errorText(error)}`)
          return die(`download failed: ${errorText(error)}`)
        },
      )
      await task.sleep(fetched.size / COPY_SPEED)
      if (algorithm !== undefined && checksum !== undefined)
        compareChecksum(task, 'calculating checksum...', fetched.digest, checksum)
      if (compression !== undefined) task.log(`decompressing downloaded file from ${target.path}.tmp to ${target.path}`)
      if (!hasRoom(world, target.storage, node, fetched.size))
        die(`download failed: unable to write '${target.path}': No space left on device`)
      putFile(world, node, target, {size: fetched.size, ...inside(target)})
      task.log(`download of '${url}' to '${target.path}' finished`)
    })
  },

  async 'GET /nodes/{node}/query-url-metadata'(call) {
    const url = call.required('url')
    try {
      return {...(await headUrl(url))}
    } catch (error) {
      return die(`invalid server response: '500 Can't connect to ${new URL(url).host} (${errorText(error)})'`)
    }
  },

  'GET /nodes/{node}/query-oci-repo-tags': (call) => registryImage(call.required('reference')).tags,

  [`POST ${ROOT}/oci-registry-pull`](call) {
    const {world, node} = call
    const reference = call.required('reference')
    const filename = `${call.text('filename') ?? reference.split('/').at(-1)!.replace(':', '_')}.tar`
    const target = fileTarget(world, node, {
      storage: call.required('storage'),
      content: 'vztmpl',
      filename,
      verb: 'upload',
    })
    if (findVolume(world, target.volid, node)) die(`refusing to override existing file '${target.path}'`)
    return call.startTask('ociregistrypull', target.filename, async (task) => {
      task.log(`Pulling OCI image '${reference}' to '${target.path}'`)
      const at = reference.lastIndexOf(':')
      const tag = reference.slice(at + 1)
      const {tags, size} = registryImage(reference.slice(0, at))
      if (!tags.includes(tag)) die(`Error reading manifest ${tag}: manifest unknown`)
      task.log('Getting image source signatures')
      await download(task, size)
      task.log('Writing manifest to image destination')
      if (!hasRoom(world, target.storage, node, size)) die(`unable to write '${target.path}': No space left on device`)
      putFile(world, node, target, {size, inside: {ostype: null, oci: reference}})
    })
  },

  'GET /nodes/{node}/aplinfo': () => applianceList(),

  'POST /nodes/{node}/aplinfo'(call) {
    const {world, node} = call
    const template = call.required('template')
    const size = applianceSize(template)
    if (size === undefined) return paramError({template: 'no such template'})
    const target = fileTarget(world, node, {
      storage: call.required('storage'),
      content: 'vztmpl',
      filename: template,
      verb: 'upload',
    })
    return call.startTask('download', template, async (task) => {
      task.log(`downloading http://download.proxmox.com/images/system/${template} to ${target.path}`)
      if (!findVolume(world, target.volid, node)) {
        await download(task, size)
        if (!hasRoom(world, target.storage, node, size)) {
          die(`download failed: unable to write '${target.path}': No space left on device`)
        }

        putFile(world, node, target, {size, inside: templateFacts(template)})
      }

      task.log(`download of 'http://download.proxmox.com/images/system/${template}' to '${target.path}' finished`)
    })
  },
}

/** Something big comes over the simulated network. */
async function download(task: Task, size: number): Promise<void> {
  for (let percent = 10; percent <= 100; percent += 10) {
    await task.sleep(size / NETWORK_SPEED / 10)
    task.log(`${Math.floor((size * percent) / 100 / 1024)}K ${percent}%`)
  }
}

function compareChecksum(task: Task, said: string, got: string, expected: string): void {
  if (got.toLowerCase() === expected.toLowerCase()) {
    task.log(`${said}OK, checksum verified`)
    return
  }

  task.log(said)
  die(`checksum mismatch: got '${got}' != expect '${expected}'`)
}

function inside({content, filename}: FileTarget) {
  return content === 'vztmpl' ? {inside: templateFacts(filename)} : {}
}
