import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from './failure.js'
import {naturalOrder} from './natural-order.js'
import {closest} from './suggest.js'

/** A container template, by its file: `debian-12-standard_12.7-1_amd64.tar.zst`. */
export interface ApplianceName {
  readonly file: string
  /** `debian-12-standard` */
  readonly package: string
  /** `12.7-1`; empty for a file that follows no scheme. */
  readonly version: string
}

/** Takes a file's name apart; a name without the scheme is a package of its own. */
export function applianceName(file: string): ApplianceName {
  const [name = file, version = ''] = withoutExtension(file).split('_')
  return {file, package: name, version}
}

/**
 * The templates that a word means: a file with or without its extension, a package (`debian-12-standard`), or the first words of one
 * (`debian-12`). Of one package the newest version counts; words that several packages begin with are a conflict.
 * @returns all files of the newest version of that one package, by their place in `available`
 */
export function appliancesCalled<A extends {readonly file: string}>(
  available: readonly A[],
  wanted: string,
): Result<readonly A[], Failure> {
  const files = available.filter(({file}) => file === wanted || withoutExtension(file) === wanted)
  if (files.length > 0) return ok(files)
  const named = available.map((appliance) => ({appliance, ...applianceName(appliance.file)}))
  const exact = named.filter((one) => one.package === wanted)
  const found = exact.length > 0 ? exact : named.filter((one) => one.package.startsWith(`${wanted}-`))
  const packages = [...new Set(found.map((one) => one.package))].sort(naturalOrder)
  if (packages.length > 1) {
    return err(
      failure('ambiguous-name', `"${wanted}" begins the names of ${packages.length} container templates`, {
        hint: `Use the one you mean: ${packages.join(', ')}`,
        details: {template: wanted, candidates: packages},
      }),
    )
  }

  const newest = found
    .map((one) => one.version)
    .sort(naturalOrder)
    .at(-1)
  if (newest !== undefined) return ok(found.filter((one) => one.version === newest).map((one) => one.appliance))
  const near = closest(wanted, [...new Set(named.map((one) => one.package))])
  return err(
    failure('not-found', `there is no container template "${wanted}"`, {
      ...(near !== undefined && {hint: `Did you mean "${near}"?`}),
      details: {template: wanted},
    }),
  )
}

function withoutExtension(file: string): string {
  return file.replace(/\.tar(?:\.(?:gz|xz|zst|bz2))?$/, '')
}
