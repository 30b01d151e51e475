/** Parameter -> what is wrong with it, as a 400 answer lists it. */
export type ParameterErrors = Record<string, string>

export const MISSING = 'property is missing and it is not optional'
export const UNKNOWN = 'property is not defined in schema and the schema does not allow additional properties'

/** Without a prototype, so that a parameter may have any name. */
export function newErrors(): ParameterErrors {
  return Object.create(null) as ParameterErrors
}

/** Two texts for one parameter are joined by a backslash and an `n`, not by a line feed: that is what Proxmox sends. */
export function addError(errors: ParameterErrors, path: string, text: string): void {
  const known = errors[path]
  errors[path] = known === undefined ? text : `${known}\\n${text}`
}

export function hasErrors(errors: ParameterErrors): boolean {
  for (const _ in errors) return true
  return false
}
