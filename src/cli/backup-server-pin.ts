import {errAsync, okAsync, type ResultAsync} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {probeCertificate} from '../proxmox/fingerprint.js'
import type {Prompt} from './prompt.js'

const COMPARE = 'compare it on the server: proxmox-backup-manager cert info'

/**
 * The fingerprint that a person confirms of a Proxmox Backup Server's certificate; undefined where the system's authorities vouch for it. It is fetched from
 * here, and nothing is sent to the server.
 */
export function backupServerPin(
  server: string,
  port: number,
  {prompt, show, signal}: {readonly prompt: Prompt; readonly signal: AbortSignal; show(line: string): void},
): ResultAsync<string | undefined, Failure> {
  const host = server.includes(':') ? `[${server}]` : server
  return probeCertificate(`https://${host}:${port}`, {signal})
    .mapErr((failed) =>
      failure(failed.kind, `the certificate of the backup server cannot be fetched: ${failed.message}`, {
        hint: 'Where this machine does not reach it, give its fingerprint with --fingerprint (proxmox-backup-manager cert info shows it), or --trusted-certificate',
        details: {server, port},
      }),
    )
    .andThen((certificate): ResultAsync<string | undefined, Failure> => {
      if (certificate.trustedBySystem) return okAsync(undefined)
      const {fingerprint256, issuer, subject, url, validTo} = certificate
      show(`${url} shows a certificate that nobody here vouches for:`)
      show(`  SHA-256 fingerprint  ${fingerprint256}`)
      show(`  subject              ${subject}`)
      show(`  issuer               ${issuer}`)
      show(`  valid to             ${validTo}`)
      return prompt
        .confirm(
          'Is this the certificate of your backup server?',
          `--fingerprint ${fingerprint256}, once you have compared it (${COMPARE})`,
        )
        .andThen((yes): ResultAsync<string | undefined, Failure> =>
          yes
            ? okAsync(fingerprint256)
            : errAsync(
                failure('refused', 'the certificate was not trusted; nothing was added', {
                  hint: COMPARE[0]?.toUpperCase() + COMPARE.slice(1),
                }),
              ),
        )
    })
}
