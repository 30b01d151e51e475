import {expect} from 'chai'
import {spawn} from 'node:child_process'
import {fileURLToPath} from 'node:url'

import {selfSigned} from '../../helpers/certificate.js'
import {answer, httpsServer} from '../../helpers/https-server.js'

const CLIENT = fileURLToPath(new URL('../../helpers/exit-client.ts', import.meta.url))

/** Runs the client and says how long it lived on after its last word. */
function lingers(...args: string[]): Promise<{said: string; lingeredMs: number; code: number | null}> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', CLIENT, ...args], {stdio: ['ignore', 'pipe', 'inherit']})
    let said = ''
    let saidAt = 0
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      saidAt = performance.now()
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({said: said.trim(), lingeredMs: performance.now() - saidAt, code}))
  })
}

describe('the end of a process', () => {
  for (const how of ['close', 'leave', 'timeout'] as const) {
    it(`comes at once after ${{close: 'the connection was closed', leave: 'the last answer, closed or not', timeout: 'a request that timed out'}[how]}`, async () => {
      const certificate = await selfSigned('127.0.0.1')
      const server = await httpsServer(certificate, (_request, response) => {
        if (how !== 'timeout') answer(response, 200, {data: 'hello'})
      })
      try {
        const {said, lingeredMs, code} = await lingers(server.url, certificate.fingerprint, how)
        expect(said).to.equal(how === 'timeout' ? 'lost' : 'hello')
        expect(code).to.equal(0)
        expect(lingeredMs).to.be.lessThan(1500)
      } finally {
        await server.close()
      }
    })
  }
})
