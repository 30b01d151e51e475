import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from './failure.js'
import {parseTags} from './guest.js'

/** What shall happen to the tags of a guest. */
export type TagEdit =
  | {readonly kind: 'add' | 'remove' | 'set'; readonly tags: readonly string[]}
  | {readonly kind: 'rename'; readonly from: string; readonly to: string}

const TAG = /^\w[\w.+-]*$/

/**
 * Tags as people write them: several words, or several in one with commas; each once.
 * @returns a `usage` failure that names the one that cannot be a tag (reference 2.1)
 */
export function readTags(words: readonly string[]): Result<string[], Failure> {
  const tags = [...new Set(words.flatMap((word) => parseTags(word)))]
  const bad = tags.find((tag) => !TAG.test(tag))
  if (bad === undefined && tags.length > 0) return ok(tags)
  return err(
    bad === undefined
      ? failure('usage', 'no tag named', {hint: 'Give one or more: prod, or prod,backup'})
      : failure('usage', `"${bad}" cannot be a tag`, {
          hint: 'A tag has letters, digits, and _ - + . but begins with a letter, a digit or _',
          details: {field: 'tag', value: bad},
        }),
  )
}

/** The tags after an edit, in their order; new ones come last, and none comes twice. */
export function editTags(now: readonly string[], edit: TagEdit): string[] {
  switch (edit.kind) {
    case 'add': {
      return [...new Set([...now, ...edit.tags])]
    }

    case 'set': {
      return [...edit.tags]
    }

    case 'remove': {
      const gone = new Set(edit.tags.map((tag) => knownAs(now, tag)))
      return now.filter((tag) => !gone.has(tag))
    }

    case 'rename': {
      const old = knownAs(now, edit.from)
      return [...new Set(now.map((tag) => (tag === old ? edit.to : tag)))]
    }
  }
}

/** A tag as the guest spells it: where none is spelled as asked for, its case means nothing, as it does for Proxmox by default. */
function knownAs(now: readonly string[], tag: string): string {
  return now.includes(tag) ? tag : (now.find((other) => other.toLowerCase() === tag.toLowerCase()) ?? tag)
}
