/** `AA:BB:…`, 32 bytes in upper case, from any usual spelling; undefined when it is no SHA-256 fingerprint. */
export function normalizeFingerprint(text: string): string | undefined {
  const hex = text
    .trim()
    .replace(/^sha-?256[:=\s]\s*/i, '')
    .replaceAll(/[\s:-]/g, '')
  if (!/^[0-9a-f]{64}$/i.test(hex)) return undefined
  return hex.toUpperCase().match(/../g)!.join(':')
}

/** `https://host:port` in one spelling; undefined when it is no https address, or names more than a host and a port. */
export function normalizeEndpoint(text: string): string | undefined {
  const trimmed = text.trim()
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`
  if (!URL.canParse(address)) return undefined
  const url = new URL(address)
  if (url.protocol !== 'https:' || url.hostname === '' || url.username !== '' || url.password !== '') return undefined
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') return undefined
  // URL drops a port that is https's own, and only what was typed can tell 443 from nothing.
  const port = url.port || (/:443\/?$/.test(trimmed) ? '443' : '8006')
  return `https://${url.hostname}:${port}`
}
