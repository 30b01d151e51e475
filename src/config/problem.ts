import {failure, type Failure} from '../domain/failure.js'

/** Something wrong in a configuration file. */
export interface Problem {
  readonly file: string
  /** From 1; absent where the problem is the file itself. */
  readonly line?: number
  readonly column?: number
  /** `contexts.lab.endpoints`; absent at the top. */
  readonly path?: string
  readonly message: string
  readonly remedy: string
}

/** All problems as one failure (exit 78). */
export function configurationFailure(problems: readonly Problem[]): Failure {
  return problemsFailure(
    'config-invalid',
    'configuration',
    problems,
    'correct them, then check with: homelab config validate',
  )
}

/** The same for any file that a person writes. */
export function problemsFailure(
  kind: 'config-invalid' | 'usage',
  what: string,
  problems: readonly Problem[],
  remedyOfSeveral: string,
): Failure {
  const [first] = problems
  const lines = problems.map(({column, file, line, message, path, remedy}) => {
    const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`
    return {where: `${place}: ${path === undefined ? '' : `${path}: `}${message}`, remedy}
  })
  const message =
    lines.length === 1
      ? `${what} invalid: ${lines[0]?.where}`
      : [`${what} invalid: ${lines.length} problems`, ...lines.map(({remedy, where}) => `${where} (${remedy})`)].join(
          '\n',
        )
  return failure(kind, message, {
    hint: lines.length === 1 ? (first?.remedy ?? '') : remedyOfSeveral,
    details: {problems},
  })
}
