/** What stands in a text where a secret was. */
export const REDACTED = '[redacted]'

/** Shorter strings are no secrets worth the name, and replacing them would make every text unreadable. */
const SHORTEST_SECRET = 4

/** Parameters whose values are secret, or may be, wherever they occur in Proxmox VE's API. */
const SECRET_PARAMETERS = new Set([
  'cipassword',
  'confirmation-password',
  'content',
  'csrfpreventiontoken',
  'data',
  'eab-hmac-key',
  'encryption-key',
  'env',
  'input-data',
  'key',
  'keyring',
  'master-pubkey',
  'otp',
  'password',
  'secret',
  'tfa-challenge',
  'ticket',
  'token',
  'tokensecret',
  'value',
  'vncticket',
])

/** True when a parameter of this name may carry a secret. */
export function isSecretParameter(name: string): boolean {
  return SECRET_PARAMETERS.has(name.toLowerCase())
}

/**
 * The text without the secrets, in whatever spelling they may have got into it: plain, percent-encoded, form-encoded or inside JSON.
 * @param secrets the longest is replaced first, so that a secret which contains another leaves no rest
 */
export function redact(text: string, secrets: Iterable<string>): string {
  const spellings = new Set<string>()
  for (const secret of secrets) {
    if (secret.length < SHORTEST_SECRET) continue
    const encoded = encodeURIComponent(secret.replaceAll(/\p{Surrogate}/gu, '\uFFFD'))
    for (const spelling of [secret, encoded, encoded.replaceAll('%20', '+'), JSON.stringify(secret).slice(1, -1)]) {
      spellings.add(spelling)
    }
  }

  let result = text
  for (const spelling of [...spellings].sort((a, b) => b.length - a.length)) {
    result = result.replaceAll(spelling, REDACTED)
  }

  return result
}
