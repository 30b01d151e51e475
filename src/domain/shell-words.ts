import {shellWord} from './native-command.js'

/** Words as one line for a POSIX shell; the first of them is a program, not `A=b`. */
export function shellLine(words: readonly string[]): string {
  return words.map((word) => shellWord(word)).join(' ')
}

/** Whether a word gets through Proxmox VE to the agent as it is: see `agentCommand`. */
export function isPlainWord(word: string): boolean {
  return /^[\u0001-\u007F]+$/.test(word)
}

/**
 * A command as the agent gets it unharmed. Proxmox VE loses the end of a request to the agent when it holds anything but ASCII, and the agent then
 * waits for the rest until it is restarted; a word that is empty is lost on its way through forms. A command with such words travels as
 * escapes, and the guest's own shell makes the words of them and becomes the command.
 */
export function agentCommand(words: readonly string[]): readonly string[] {
  if (words.every((word) => isPlainWord(word))) return words
  const line = `exec ${words.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ')}`
  return ['/bin/sh', '-c', 'eval "$(printf "$1")"', 'sh', printfFormat(line)]
}

/** Text as a format of printf that prints its bytes in UTF-8, in ASCII. */
function printfFormat(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => {
    if (byte === 0x25) return '%%'
    if (byte === 0x5c) return String.raw`\\`
    return byte < 0x80 ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`
  }).join('')
}
