import {X509Certificate} from 'node:crypto'

import {die, paramError, type Json} from '../kernel/pve-error.js'

import type {Call, Routes} from '../kernel/call.js'

const PATH = '/nodes/{node}/certificates'

/** The certificates of a node. The one that is served is the node's own; a custom one is kept and shown. */
export const nodeCertificatesRoutes: Routes = {
  [`GET ${PATH}/info`](call) {
    const own = call.world.certificates.get(call.node)
    const custom = customCertificate(call)
    return [
      ...(own === undefined ? [] : [described('pve-ssl.pem', own)]),
      ...(custom === undefined ? [] : [described('pveproxy-ssl.pem', custom)]),
    ]
  },

  [`POST ${PATH}/custom`](call) {
    const hasOld = customCertificate(call) !== undefined
    if (hasOld && !call.flag('force')) paramError({force: "Custom certificate exists but 'force' is not set."})
    if (call.text('key') === undefined && !hasOld)
      paramError({key: 'Attempted to upload custom certificate without (existing) key.'})
    const pem = `${call.required('certificates').trim()}\n`
    const info = described('pveproxy-ssl.pem', pem)
    call.world.store.of('nodeConfig').put(`${call.node}/certificate`, {pem})
    return info
  },

  [`DELETE ${PATH}/custom`](call) {
    call.world.store.of('nodeConfig').delete(`${call.node}/certificate`)
    return null
  },

  [`POST ${PATH}/acme/certificate`]: (call) => order(call),
  [`PUT ${PATH}/acme/certificate`]: (call) => order(call),
  [`DELETE ${PATH}/acme/certificate`](call) {
    if (customCertificate(call) === undefined) die("No certificate found for node '" + call.node + "'.")
    return call.startTask('acmerevoke', '', () => {
      call.world.store.of('nodeConfig').delete(`${call.node}/certificate`)
    })
  },
}

function customCertificate({world, node}: Call): string | undefined {
  const pem = world.store.of('nodeConfig').get(`${node}/certificate`)?.['pem']
  return typeof pem === 'string' ? pem : undefined
}

/** There is no authority to order from. */
function order(call: Call): string {
  const config = call.world.store.of('nodeConfig').get(call.node) ?? {}
  if (!Object.keys(config).some((key) => key.startsWith('acme')))
    die('ACME settings in node configuration are missing!')
  return call.startTask(call.method === 'POST' ? 'acmenewcert' : 'acmerenew', '', async (task) => {
    task.log('Loading ACME account details')
    await task.sleep(1)
    die('ACME directory is not reachable')
  })
}

function described(filename: string, pem: string): Json {
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(pem)
  } catch {
    return die('invalid certificate')
  }

  const {publicKey} = certificate
  const bits = publicKey.asymmetricKeyDetails?.modulusLength
  return {
    filename,
    fingerprint: certificate.fingerprint256,
    subject: slashed(certificate.subject),
    issuer: slashed(certificate.issuer),
    notbefore: Math.floor(Date.parse(certificate.validFrom) / 1000),
    notafter: Math.floor(Date.parse(certificate.validTo) / 1000),
    'public-key-type': publicKey.asymmetricKeyType === 'rsa' ? 'rsaEncryption' : 'id-ecPublicKey',
    'public-key-bits': bits ?? 256,
    san: (certificate.subjectAltName ?? '')
      .split(', ')
      .filter(Boolean)
      .map((name) => name.replace(/^[^:]*:/, '')),
    pem,
  }
}

/** `/CN=a/O=b` of lines `CN=a`, `O=b`. */
const slashed = (name: string): string =>
  name
    .split('\n')
    .map((part) => `/${part}`)
    .join('')
