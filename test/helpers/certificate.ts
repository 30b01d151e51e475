import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import {webcrypto} from 'node:crypto'

/** A key pair with its certificate, as node:https wants them, and what a client needs to know it by. */
export interface TestCertificate {
  readonly key: string
  readonly cert: string
  /** SHA-256, as `fingerprint256` spells it. */
  readonly fingerprint: string
}

export interface TestAuthority extends TestCertificate {
  /** A certificate signed by this authority. */
  issue(names: readonly string[]): Promise<TestCertificate>
}

const ALGORITHM = {name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256'}
const DAY_MS = 24 * 60 * 60_000

/** A certificate that nobody but its own key vouches for. */
export async function selfSigned(name: string): Promise<TestCertificate> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    serialNumber: serial(),
    ...validity(),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [subjectNames([name])],
  })
  return bundle(keys, certificate)
}

/** An authority that signs certificates, like the one every Proxmox VE cluster has. */
export async function authority(name: string): Promise<TestAuthority> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    serialNumber: serial(),
    ...validity(),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  })
  return {
    ...(await bundle(keys, certificate)),
    async issue(names) {
      const leafKeys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
      const leaf = await x509.X509CertificateGenerator.create({
        subject: `CN=${names[0] ?? 'test'}`,
        issuer: certificate.subject,
        serialNumber: serial(),
        ...validity(),
        publicKey: leafKeys.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ALGORITHM,
        extensions: [subjectNames(names)],
      })
      return bundle(leafKeys, leaf)
    },
  }
}

function subjectNames(names: readonly string[]): x509.SubjectAlternativeNameExtension {
  return new x509.SubjectAlternativeNameExtension(
    names.map((name) =>
      /^[\d.]+$|:/.test(name) ? {type: 'ip' as const, value: name} : {type: 'dns' as const, value: name},
    ),
  )
}

function validity(): {notBefore: Date; notAfter: Date} {
  const now = Date.now()
  return {notBefore: new Date(now - DAY_MS), notAfter: new Date(now + DAY_MS)}
}

function serial(): string {
  return `01${Buffer.from(webcrypto.getRandomValues(new Uint8Array(8))).toString('hex')}`
}

async function bundle(keys: webcrypto.CryptoKeyPair, certificate: x509.X509Certificate): Promise<TestCertificate> {
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  const thumbprint = Buffer.from(await certificate.getThumbprint('SHA-256')).toString('hex')
  return {
    key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'),
    cert: certificate.toString('pem'),
    fingerprint: thumbprint.toUpperCase().match(/../g)!.join(':'),
  }
}
