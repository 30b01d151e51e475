import type {PermissionCheck, PermissionSchema} from '../../schema/schema.js'
import {splitList} from './format-check.js'
import {userId as userIdProblem} from './formats-access.js'

/** What a permission check needs to know. Nothing here fails: an unknown user or group simply has nothing. */
export interface PermissionContext {
  /** `user@realm` or `user@realm!token`; `undefined` for a request without credentials. */
  readonly authuser: string | undefined
  /** Path and request parameters together, raw: the check comes before their validation. */
  readonly params: Readonly<Record<string, unknown>>
  /** The privileges of `authuser` on an ACL path, with pools, groups, propagation and a token's privilege separation applied. */
  privilegesOn(path: string): ReadonlySet<string>
  userExists(userid: string): boolean
  groupExists(groupid: string): boolean
  groupsOf(userid: string): Iterable<string>
}

/** `message` is Proxmox's, without its final newline. 500 is for names that cannot be looked up at all. */
export type PermissionResult =
  {readonly ok: true} | {readonly ok: false; readonly status: 403 | 500; readonly message: string}

type Refusal = Extract<PermissionResult, {ok: false}>

const GRANTED: PermissionResult = {ok: true}

/** The refusal of a check; `what` is what it names in parentheses. */
export function permissionDenied(what?: string): Refusal {
  return {ok: false, status: 403, message: `Permission check failed${what === undefined ? '' : ` (${what})`}`}
}

const failed = (text: string): Refusal => ({ok: false, status: 500, message: text.trimEnd()})

/** A parameter as Perl would write it into a text. Arrays and objects become something that is in no path. */
function textOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'boolean') return String(Number(value))
  return typeof value === 'object' ? 'ARRAY(0x0)' : String(value)
}

/** Fills `{name}` with the raw parameter, or with `-` when that is absent, empty or 0. */
function fillTemplate(template: string, params: PermissionContext['params']): string {
  return template.replaceAll(/\{([^}]+)\}/g, (_, name: string) => {
    const text = textOf(params[name])
    return text === '' || text === '0' ? '-' : text
  })
}

/** The ACL path that a text stands for; `undefined` when it has characters that no path has. */
export function normalizeAclPath(text: string): string | undefined {
  if (text === '' || text === '0') return undefined
  const squeezed = text.replaceAll(/\/+/g, '/').replace(/\/$/, '')
  const path = squeezed === '' ? '/' : squeezed.startsWith('/') ? squeezed : `/${squeezed}`
  return /^[A-Za-z0-9.\-_/]+$/.test(path) ? path : undefined
}

const isRoot = (authuser: string | undefined): boolean => authuser === 'root@pam'

function privilegesOn(path: string | undefined, context: PermissionContext): ReadonlySet<string> {
  return path === undefined ? new Set() : context.privilegesOn(path)
}

/** All of `privileges`, or with `any` at least one of them. The refusal names the first that is missing, or all. */
function checkPrivileges(
  path: string | undefined,
  privileges: readonly string[],
  any: boolean,
  context: PermissionContext,
): PermissionResult {
  const held = privilegesOn(path, context)
  const refusal = (what: string): Refusal => permissionDenied(`${path ?? ''}, ${what}`)
  if (any) return privileges.some((privilege) => held.has(privilege)) ? GRANTED : refusal(privileges.join('|'))
  const missing = privileges.find((privilege) => !held.has(privilege))
  return missing === undefined ? GRANTED : refusal(missing)
}

/** The named options behind the fixed part of an expression: `[..., "any", 1, "require_param", "pool"]`. */
function optionsOf(rest: readonly unknown[]): ReadonlyMap<string, unknown> {
  const options = new Map<string, unknown>()
  for (let index = 0; index + 1 < rest.length; index += 2) options.set(String(rest[index]), rest[index + 1])
  return options
}

const asPrivileges = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : [String(value)])

function checkPerm([, template, privileges, ...rest]: PermissionCheck, context: PermissionContext): PermissionResult {
  const options = optionsOf(rest)
  const required = options.get('require_param')
  if (required !== undefined && (context.params[String(required)] ?? undefined) === undefined) return permissionDenied()
  const path = normalizeAclPath(fillTemplate(String(template), context.params))
  return checkPrivileges(path, asPrivileges(privileges), Number(options.get('any') ?? 0) === 1, context)
}

/** Who may change an ACL: `Permissions.Modify` there, or the allocation privilege of what the path is. */
function checkPermModify([, template]: PermissionCheck, context: PermissionContext): PermissionResult {
  const path = normalizeAclPath(fillTemplate(String(template), context.params))
  // What cannot be a path is left for the method itself to refuse.
  if (path === undefined) return GRANTED
  const allocate = {storage: 'Datastore.Allocate', vms: 'VM.Allocate', pool: 'Pool.Allocate'}[
    /^\/(storage|vms|pool)\/.+$/.exec(path)?.[1] ?? ''
  ]
  return checkPrivileges(path, ['Permissions.Modify', ...(allocate === undefined ? [] : [allocate])], true, context)
}

/** The user a request is about must exist, and have a name that can be one. */
function findUser(context: PermissionContext): Refusal | string {
  const userid = textOf(context.params['userid'])
  const problem = userIdProblem(userid, {version: '9.2'})
  if (problem !== undefined) return failed(problem)
  return context.userExists(userid) ? userid : failed(`no such user ('${userid}')`)
}

function checkUserParam([, test]: PermissionCheck, context: PermissionContext): PermissionResult {
  const userid = textOf(context.params['userid'])
  if (test === 'self') {
    const found = findUser(context)
    if (typeof found !== 'string') return found
    return context.authuser === found ? GRANTED : permissionDenied()
  }
  const problem = userIdProblem(userid, {version: '9.2'})
  if (problem !== undefined) return failed(problem)
  const realm = userid.slice(userid.lastIndexOf('@') + 1)
  return checkPrivileges(normalizeAclPath(`/access/realm/${realm}`), ['Realm.AllocateUser'], false, context)
}

function checkUserGroup([, privileges, ...rest]: PermissionCheck, context: PermissionContext): PermissionResult {
  const wanted = asPrivileges(privileges)
  const groupsParam = optionsOf(rest).get('groups_param')
  let userid: string | undefined
  if (groupsParam !== 'create') {
    const found = findUser(context)
    if (typeof found !== 'string') return found
    userid = found
  }
  const onAllGroups = checkPrivileges('/access/groups', wanted, true, context)
  if (onAllGroups.ok) return GRANTED
  const mayManage = (group: string): boolean => checkPrivileges(`/access/groups/${group}`, wanted, true, context).ok
  if (groupsParam !== undefined) {
    const groups = splitList(textOf(context.params['groups']))
    if (groups.length === 0) return onAllGroups
    const refused = groups.find((group) => !context.groupExists(group) || !mayManage(group))
    if (refused !== undefined) return permissionDenied(`/access/groups/${refused}, ${wanted.join('|')}`)
  }
  if (userid === undefined) return GRANTED
  for (const group of context.groupsOf(userid)) if (mayManage(group)) return GRANTED
  return permissionDenied()
}

function checkExpression(check: PermissionCheck, context: PermissionContext): PermissionResult {
  const [kind, ...operands] = check
  switch (kind) {
    case 'and': {
      for (const operand of operands) {
        const result = checkExpression(operand as PermissionCheck, context)
        if (!result.ok) return result
      }
      return GRANTED
    }
    case 'or': {
      for (const operand of operands) {
        const result = checkAlternative(operand as PermissionCheck, context)
        if (result !== undefined) return result
      }
      return permissionDenied()
    }
    case 'perm': {
      return checkPerm(check, context)
    }
    case 'perm-modify': {
      return checkPermModify(check, context)
    }
    case 'userid-param': {
      return checkUserParam(check, context)
    }
    case 'userid-group': {
      return checkUserGroup(check, context)
    }
    default: {
      return failed('unknown permission test')
    }
  }
}

/**
 * One branch of an `or`: granted, or a refusal that ends the whole check, or `undefined` to try the next. A branch fails without a word, except that
 * an `and` in it speaks for itself, and so does a user id that cannot be one.
 */
function checkAlternative(check: PermissionCheck, context: PermissionContext): PermissionResult | undefined {
  const [kind] = check
  if (kind === 'userid-param') {
    const problem = userIdProblem(textOf(context.params['userid']), {version: '9.2'})
    if (problem !== undefined) return failed(problem)
  }
  const result = checkExpression(check, context)
  return result.ok || kind === 'and' ? result : undefined
}

/**
 * Whether a request may go on, before its parameters are looked at. `root@pam` may everything; a method without a description is for `root@pam` alone,
 * and a token of `root@pam` is not that. The texts are those of reference 2.2.
 */
export function evaluatePermission(
  permissions: PermissionSchema | undefined,
  context: PermissionContext,
): PermissionResult {
  if (permissions?.user === 'world') return GRANTED
  if (context.authuser === undefined || context.authuser === '') return permissionDenied('user != null')
  if (isRoot(context.authuser)) return GRANTED
  if (permissions === undefined) return permissionDenied('user != root@pam')
  if (permissions.user === 'all') return GRANTED
  return permissions.check === undefined ? permissionDenied() : checkExpression(permissions.check, context)
}
