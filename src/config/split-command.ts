/**
 * The words of a command, without a shell: blanks separate, `'…'` and `"…"` keep blanks, a backslash takes the next character as it is (not within
 * single quotes). No variables, no wildcards, no pipes. Undefined when a quote has no end.
 */
export function splitCommand(text: string): string[] | undefined {
  const words: string[] = []
  let word: string | undefined
  let quote: string | undefined
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!
    if (c === '\\' && quote !== "'" && i + 1 < text.length) {
      word = (word ?? '') + text[++i]
    } else if (quote !== undefined) {
      if (c === quote) quote = undefined
      else word = (word ?? '') + c
    } else if (c === "'" || c === '"') {
      quote = c
      word ??= ''
    } else if (/\s/.test(c)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else {
      word = (word ?? '') + c
    }
  }

  if (quote !== undefined) return undefined
  if (word !== undefined) words.push(word)
  return words
}
