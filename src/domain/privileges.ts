/** The answer of `GET /access/permissions`: for each path the privileges, and whether they hold below it too. */
export type Permissions = Readonly<Record<string, unknown>>

/**
 * Whether one has a privilege on a node. Proxmox VE lists the paths with rules of their own, and `/nodes` always when anything is granted there; what is
 * said of `/nodes` holds for a node when it is handed down.
 */
export function hasOnNode(permissions: Permissions, node: string, privilege: string): boolean {
  const own = permissions[`/nodes/${node}`]
  if (isGrants(own)) return own[privilege] !== undefined
  const all = permissions['/nodes']
  return isGrants(all) && isOn(all[privilege])
}

function isGrants(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function isOn(value: unknown): boolean {
  return value === 1 || value === '1' || value === true
}
