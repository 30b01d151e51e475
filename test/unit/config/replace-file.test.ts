import {expect} from 'chai'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

import {replaceFile} from '../../../src/config/replace-file.js'

describe('files that are written as a whole', () => {
  let folder: string

  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'homelab-replace-'))
  })
  afterEach(() => fs.rmSync(folder, {force: true, recursive: true}))

  it('replace what was there, for their owner alone', () => {
    const file = path.join(folder, 'plan.json')
    fs.writeFileSync(file, 'old', {mode: 0o644})
    replaceFile(file, 'new', 'x')
    expect(fs.readFileSync(file, 'utf8')).to.equal('new')
    expect(fs.statSync(file).mode & 0o777).to.equal(0o600)
    expect(fs.readdirSync(folder)).to.deep.equal(['plan.json'])
  })

  it('do not take the place of a device', () => {
    const device = path.join(folder, 'nowhere')
    fs.symlinkSync('/dev/null', device)
    replaceFile(device, 'gone', 'x')
    expect(fs.statSync(device).isCharacterDevice()).to.equal(true)
    expect(fs.readdirSync(folder)).to.deep.equal(['nowhere'])
  })

  it('do not take the place of a folder', () => {
    expect(() => replaceFile(folder, 'text', 'x')).to.throw('EISDIR')
    expect(fs.existsSync(`${folder}.x.tmp`)).to.equal(false)
  })
})
