import {err, ok, type Result} from 'neverthrow'
import {isMap, isNode, isPair, LineCounter, parseDocument, type Document} from 'yaml'
import type {ZodMiniType} from 'zod/mini'
import type {$ZodIssue} from 'zod/v4/core'

import {closest} from '../domain/suggest.js'
import type {Finding} from './cross-checks.js'
import type {Problem} from './problem.js'

/** What a text of YAML or JSON has to look like. */
export interface TextForm<T> {
  /** Objects in it are strict. */
  readonly schema: ZodMiniType<T>
  /** The keys known at a place, for "did you mean". */
  readonly knownKeys: (path: readonly PropertyKey[]) => readonly string[]
  /** What to write where a value can take several forms; undefined: a text or a list of texts. */
  readonly remedyAt: (path: readonly PropertyKey[]) => string | undefined
  /** What the schema can't say; takes any value, valid or not. */
  readonly crossChecks?: (value: unknown) => Finding[]
}

/**
 * Reads and checks a text of YAML or JSON; every problem at once, each with its place. An empty text is an empty map.
 * @param file what to call it in the problems
 */
export function parseChecked<T>(text: string, file: string, form: TextForm<T>): Result<T, Problem[]> {
  const lines = new LineCounter()
  const document = parseDocument(text, {lineCounter: lines, prettyErrors: false})
  const syntax = document.errors.map((error): Problem => {
    const {col, line} = lines.linePos(error.pos[0])
    return {
      file,
      line,
      column: col,
      message: `is no valid YAML: ${error.message}`,
      remedy: 'correct the syntax',
    }
  })
  if (syntax.length > 0) return err(syntax)

  const value = toValue(document)
  if (value.isErr()) return err([{file, message: value.error, remedy: 'write it without aliases'}])
  const checked = form.schema.safeParse(value.value)
  const findings = [
    ...(checked.error?.issues ?? []).flatMap((issue) => findingsOf(issue, value.value, form)),
    ...(form.crossChecks?.(value.value) ?? []),
  ]
  if (checked.success && findings.length === 0) return ok(checked.data)
  const problems = findings.map((finding) => locate(finding, document, lines, file))
  return err(problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)))
}

function toValue(document: Document): Result<unknown, string> {
  try {
    return ok(document.toJS() ?? {})
  } catch (error) {
    return err(error instanceof Error ? error.message : 'cannot be read')
  }
}

/** zod's issues in our words. Never with the value: it may be a secret. */
function findingsOf(issue: $ZodIssue, root: unknown, form: TextForm<unknown>): Finding[] {
  const severalForms = (path: readonly PropertyKey[]) => form.remedyAt(path) ?? 'write a text or a list of texts'
  const path = issue.path
  if (issue.code !== 'unrecognized_keys' && valueAt(root, path) === undefined) {
    return [{path, message: 'is missing', remedy: 'add it'}]
  }

  switch (issue.code) {
    case 'unrecognized_keys': {
      return issue.keys.map((key) => {
        const known = form.knownKeys(path)
        const near = closest(key, known)
        return {
          path: [...path, key],
          message: 'is not a known key',
          remedy: near === undefined ? `known are ${known.join(', ')}` : `did you mean ${near}?`,
        }
      })
    }

    case 'invalid_type': {
      const what = NAMES[issue.expected] ?? issue.expected
      return [{path, message: `is not ${what}`, remedy: `write ${what}`}]
    }

    case 'invalid_union': {
      return [{path, message: 'is not what it can be', remedy: severalForms(path)}]
    }

    case 'too_small': {
      const empty = issue.origin !== 'number' && issue.origin !== 'int'
      return [
        {
          path,
          message: empty ? 'is empty' : `is less than ${issue.minimum}`,
          remedy: empty ? 'fill it or remove it' : `use ${issue.minimum} or more`,
        },
      ]
    }

    default: {
      return [{path, message: 'is not valid', remedy: severalForms(path)}]
    }
  }
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) => (value as Readonly<Record<PropertyKey, unknown>> | null | undefined)?.[part],
    root,
  )
}

const NAMES: Readonly<Record<string, string>> = {
  array: 'a list',
  int: 'a whole number',
  number: 'a whole number',
  object: 'a map of keys',
  record: 'a map of keys',
  string: 'a text',
}

/** Where a finding stands: at its key, or at the nearest thing around it that is there. */
function locate(finding: Finding, document: Document, lines: LineCounter, file: string): Problem {
  let offset = 0
  let node: unknown = document.contents
  for (const part of finding.path) {
    let next: unknown
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && String(item.key) === String(part))
      if (!pair) break
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset
      next = pair.value
    } else {
      next =
        isNode(node) && 'get' in node
          ? (node as {get: (key: unknown, keep: boolean) => unknown}).get(part, true)
          : undefined
      if (isNode(next)) offset = next.range?.[0] ?? offset
    }

    node = next
  }

  const {col, line} = lines.linePos(offset)
  const {message, path, remedy} = finding
  return {file, line, column: col, ...(path.length > 0 && {path: pathText(path)}), message, remedy}
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${String(part)}`))
    .join('')
}
