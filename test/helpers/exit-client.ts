/** A process of its own that asks once and then has nothing more to do: URL, fingerprint, and whether it closes the connection. */
import {Secret} from '../../src/domain/secret.js'
import {openConnection} from '../../src/proxmox/connection.js'

const [url = '', fingerprint = '', how = ''] = process.argv.slice(2)
const connection = openConnection({
  endpoints: [url],
  trust: {kind: 'pin', fingerprint},
  credentials: {kind: 'token', id: 'a@pve!b', secret: new Secret('secret')},
  ...(how === 'timeout' && {timeoutMs: 50, connectTimeoutMs: 500}),
})
const reply = await connection.request(how === 'timeout' ? 'post' : 'get', '/version')
console.log(
  reply.match(
    ({data}) => String(data),
    ({problem}) => problem.kind,
  ),
)
if (how === 'close') connection.close()
