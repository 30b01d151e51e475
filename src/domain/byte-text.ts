/**
 * The Perl behind Proxmox VE keeps bytes as text of which each character is one byte, and its JSON spells that out as Unicode: the byte
 * 0xE4 arrives as `ä`. What goes there is written the same way, because text in UTF-8 would arrive with its characters cut to bytes
 * (reference 2.12).
 */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

/** Bytes as text, one character each. */
export function byteText(bytes: Uint8Array): string {
  const parts: string[] = []
  for (let i = 0; i < bytes.length; i += 8192) parts.push(String.fromCharCode(...bytes.subarray(i, i + 8192)))
  return parts.join('')
}

/** Whether bytes came from there unharmed: a character past 0xFF is none. */
export function isByteText(text: string): boolean {
  return !/[^\0-\u00FF]/.test(text)
}

/** Text as the bytes of UTF-8, and those one character each: how text is sent as a parameter that ends up in a guest. */
export function utf8ByteText(text: string): string {
  return byteText(new TextEncoder().encode(text))
}

/** The text that bytes are in UTF-8; undefined when they are none. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes)
  } catch {
    return undefined
  }
}
