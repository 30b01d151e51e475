import {expect} from 'chai'
import {spawnSync} from 'node:child_process'
import fs from 'node:fs'
import {fileURLToPath} from 'node:url'

const RUN = fileURLToPath(new URL('../../bin/run.js', import.meta.url))

describe('output that cannot be written', () => {
  for (const argv of [['--version'], ['help', 'exit-codes', '--json'], ['context', 'list', '--json']]) {
    it(`ends ${argv.join(' ')} with exit 1 and one line when the disk is full`, function () {
      if (!fs.existsSync('/dev/full')) throw new Error('this machine has no /dev/full')
      const full = fs.openSync('/dev/full', 'w')
      const {status, stderr} = spawnSync(process.execPath, [RUN, ...argv], {
        encoding: 'utf8',
        stdio: ['ignore', full, 'pipe'],
      })
      fs.closeSync(full)
      expect(status).to.equal(1)
      expect(stderr).to.match(/^error: the output cannot be written: [^\n]+\n$/)
    })
  }
})
