import {existsSync, mkdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'

/** A node's key and certificate, PEM, and what a client pins. */
export interface Certificate {
  readonly key: string
  readonly cert: string
  /** SHA-256, `AA:BB:…` */
  readonly fingerprint: string
}

const DAY_MS = 86_400_000

/** Makes a self-signed certificate for a node: loopback addresses and its name. */
export async function makeCertificate(node: string): Promise<Certificate> {
  await import('reflect-metadata')
  const x509 = await import('@peculiar/x509')
  const {webcrypto, X509Certificate} = await import('node:crypto')
  // the DOM's type of the same thing is not known here
  x509.cryptoProvider.set(webcrypto as never)
  const algorithm = {name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256'}
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const loopback = Array.from({length: 9}, (_, index) => ({type: 'ip' as const, value: `127.0.0.${index + 1}`}))
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: Buffer.from(webcrypto.getRandomValues(new Uint8Array(8)))
      .toString('hex')
      .replace(/^./, '1'),
    name: `CN=${node}, O=Simulated PVE Node`,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + 730 * DAY_MS),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        ...loopback,
        {type: 'dns', value: 'localhost'},
        {type: 'dns', value: node},
      ]),
    ],
  })
  const cert = certificate.toString('pem')
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8.replaceAll(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`
  return {key, cert, fingerprint: new X509Certificate(cert).fingerprint256}
}

/** The certificate of a node kept in a directory, made on first use. Without a directory it lives as long as the process. */
export async function loadCertificate(node: string, directory?: string): Promise<Certificate> {
  if (directory === undefined) return makeCertificate(node)
  const path = join(directory, `certificate-${node}.json`)
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as Certificate
  const made = await makeCertificate(node)
  mkdirSync(directory, {recursive: true, mode: 0o700})
  writeFileSync(`${path}.tmp`, JSON.stringify(made), {mode: 0o600})
  renameSync(`${path}.tmp`, path)
  return made
}
