import {err, ok, Result} from 'neverthrow'
import {failure, type Failure} from './failure.js'

const TYPE = /^(?:ssh-(?:rsa|dss|ed25519|ed448)|ecdsa-sha2-nistp\d+|sk-[\w@.-]+|[\w-]+-cert-v\d+@openssh\.com)$/

/**
 * The public keys of a file as OpenSSH writes them: one a line, comments and blank lines left out, each key once.
 * @param source where they come from, for the message; a key itself is never shown
 * @returns a `usage` failure for a line that is no public key, and for a private key above all
 */
export function parsePublicKeys(text: string, source: string): Result<string[], Failure> {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    return err(
      failure('usage', `${source} holds a private key; it was not sent anywhere`, {
        hint: 'Give the public one, whose name ends in .pub: ~/.ssh/id_ed25519.pub',
      }),
    )
  }

  const lines = text.split(/\r?\n/).map((line) => line.trim())
  const keys = lines.flatMap((line, index) =>
    line === '' || line.startsWith('#') ? [] : [checkLine(line, index + 1, source)],
  )
  if (keys.length === 0) {
    return err(
      failure('usage', `${source} holds no public key`, {hint: 'Give a file with one key a line: ssh-ed25519 AAAA…'}),
    )
  }

  return Result.combine(keys).map((found) => [...new Set(found)])
}

/** A line of `authorized_keys`: options may stand before the type. */
function checkLine(line: string, number: number, source: string): Result<string, Failure> {
  const words = line.split(/\s+/)
  const at = words.findIndex((word) => TYPE.test(word))
  const blob = words[at + 1] ?? ''
  // The blob begins with the length of the type's name, whose first bytes are zero.
  return at >= 0 && /^AAAA[\d+/A-Za-z]+={0,2}$/.test(blob)
    ? ok(line)
    : err(
        failure('usage', `${source}, line ${number}, is not an SSH public key`, {
          hint: 'A public key is one line: ssh-ed25519 AAAA… comment',
        }),
      )
}
