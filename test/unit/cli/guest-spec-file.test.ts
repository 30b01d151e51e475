import {expect} from 'chai'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {Readable} from 'node:stream'
import * as z from 'zod/mini'

import {guestSpecFields, readGuestSpec, specField} from '../../../src/cli/guest-spec-file.js'
import {processRuntime} from '../../../src/cli/runtime.js'

const schema = z.strictObject({
  ...guestSpecFields,
  disks: specField.list,
  cloudInit: z.optional(z.strictObject({user: specField.text, sshKeys: specField.list})),
})

describe('a file that describes a guest', () => {
  let folder: string

  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'homelab-spec-'))
  })

  afterEach(() => fs.rmSync(folder, {recursive: true}))

  const read = (text: string, name = 'web.yaml') => {
    fs.writeFileSync(path.join(folder, name), text)
    return readGuestSpec(name, schema, {...processRuntime(), cwd: folder})
  }

  it('is YAML, with sizes in the units of Proxmox VE or in their own', async () => {
    const spec = await read(
      'name: web\nmemory: 2048\ndiskSize: 40\ntags: prod\ndisks: ["local-lvm:8GiB,ssd"]\ncloudInit: {user: ops}\n',
    )
    expect(spec._unsafeUnwrap()).to.deep.equal({
      name: 'web',
      memory: 2 ** 31,
      diskSize: 40 * 2 ** 30,
      tags: ['prod'],
      disks: ['local-lvm:8GiB,ssd'],
      cloudInit: {user: 'ops'},
    })
    expect((await read('memory: 1.5GiB'))._unsafeUnwrap().memory).to.equal(1.5 * 2 ** 30)
  })

  it('is JSON too, and comes from stdin', async () => {
    expect((await read('{"name": "web", "start": true}', 'web.json'))._unsafeUnwrap()).to.deep.equal({
      name: 'web',
      start: true,
    })
    const stdin = Object.assign(Readable.from(['name: db\n']), {isTTY: false})
    const spec = await readGuestSpec('-', schema, {...processRuntime(), stdin})
    expect(spec._unsafeUnwrap()).to.deep.equal({name: 'db'})
  })

  it('names file, line, column, key and remedy of all that is wrong', async () => {
    const failed = (await read('name: web\nmemroy: 4GiB\ncores: two\ncloudInit:\n  usr: ops\n'))._unsafeUnwrapErr()
    expect(failed.kind).to.equal('usage')
    expect(failed.message.split('\n').slice(1)).to.deep.equal([
      'web.yaml:2:1: memroy: is not a known key (did you mean memory?)',
      'web.yaml:3:1: cores: is not a whole number (write a whole number)',
      'web.yaml:5:3: cloudInit.usr: is not a known key (did you mean user?)',
    ])
  })

  it('says what a size looks like', async () => {
    const failed = (await read('diskSize: big'))._unsafeUnwrapErr()
    expect(failed.message).to.equal('description of the guest invalid: web.yaml:1:1: diskSize: is not valid')
    expect(failed.hint).to.equal('write GiB as a number, or a size like 40GiB')
  })

  it('is a usage error where there is none, or where it is no YAML', async () => {
    const runtime = {...processRuntime(), cwd: folder}
    expect((await readGuestSpec('none.yaml', schema, runtime))._unsafeUnwrapErr()).to.deep.include({
      kind: 'usage',
      details: {field: '--file', value: 'none.yaml'},
    })
    expect((await read('name: [web'))._unsafeUnwrapErr().message).to.match(/web\.yaml:1:\d+: is no valid YAML/)
  })
})
