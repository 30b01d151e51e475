import type {RoleRecord} from '../kernel/state.js'

/** Which privileges and built-in roles there are differs by release: 9.0 replaced `VM.Monitor` by `VM.GuestAgent.*`. */
export type Release = '7.4' | '8.4' | '9.2'

const VM_CONFIG = ['CPU', 'Disk', 'HWType', 'Memory', 'Network', 'Options'].map((name) => `VM.Config.${name}`)
const VM_ADMIN = [...VM_CONFIG, 'VM.Allocate', 'VM.Clone', 'VM.Migrate', 'VM.Snapshot', 'VM.Snapshot.Rollback']
const VM_USER = ['VM.Backup', 'VM.Config.CDROM', 'VM.Config.Cloudinit', 'VM.Console', 'VM.PowerMgmt']
const VM_AGENT_ADMIN = [
  'VM.GuestAgent.FileRead',
  'VM.GuestAgent.FileSystemMgmt',
  'VM.GuestAgent.FileWrite',
  'VM.GuestAgent.Unrestricted',
  'VM.Replicate',
]
const DATASTORE_ADMIN = ['Datastore.Allocate', 'Datastore.AllocateTemplate']
const MAPPING = ['Mapping.Audit', 'Mapping.Modify', 'Mapping.Use']
/** Not even PVEAdmin has these. */
const ROOT_ONLY = [
  'Permissions.Modify',
  'Realm.Allocate',
  'Sys.AccessNetwork',
  'Sys.Incoming',
  'Sys.Modify',
  'Sys.PowerMgmt',
]

/** The built-in roles of a release, name -> privileges. */
export function builtinRoles(release: Release): ReadonlyMap<string, readonly string[]> {
  const nine = release === '9.2'
  const mapping = release === '7.4' ? [] : MAPPING
  const sdnUse = release === '7.4' ? [] : ['SDN.Use']
  const vmAudit = nine ? ['VM.Audit', 'VM.GuestAgent.Audit'] : ['VM.Audit']
  const vmAdmin = [...VM_ADMIN, ...(nine ? VM_AGENT_ADMIN : ['VM.Monitor'])]
  const audit = [
    ...vmAudit,
    'Datastore.Audit',
    'Pool.Audit',
    'SDN.Audit',
    'Sys.Audit',
    ...mapping.filter((priv) => priv.endsWith('Audit')),
  ]
  const sysAdmin = ['Sys.Audit', 'Sys.Console', 'Sys.Syslog']
  const admin = [
    ...vmAdmin,
    ...VM_USER,
    ...DATASTORE_ADMIN,
    'Datastore.AllocateSpace',
    'Group.Allocate',
    'Pool.Allocate',
    'Realm.AllocateUser',
    'SDN.Allocate',
    'User.Modify',
    ...sysAdmin,
    ...sdnUse,
    ...mapping,
    ...audit,
  ]
  const rootOnly = release === '7.4' ? ROOT_ONLY.filter((priv) => priv !== 'Sys.AccessNetwork') : ROOT_ONLY
  const roles: Record<string, readonly string[]> = {
    Administrator: [...admin, ...rootOnly],
    NoAccess: [],
    PVEAdmin: admin,
    PVEAuditor: audit,
    PVEDatastoreAdmin: [...DATASTORE_ADMIN, 'Datastore.AllocateSpace', 'Datastore.Audit'],
    PVEDatastoreUser: ['Datastore.AllocateSpace', 'Datastore.Audit'],
    ...(release !== '7.4' && {
      PVEMappingAdmin: MAPPING,
      PVEMappingAuditor: ['Mapping.Audit'],
      PVEMappingUser: ['Mapping.Audit', 'Mapping.Use'],
      PVESDNUser: ['SDN.Audit', 'SDN.Use'],
    }),
    PVEPoolAdmin: ['Pool.Allocate', 'Pool.Audit'],
    PVEPoolUser: ['Pool.Audit'],
    PVESDNAdmin: ['SDN.Allocate', 'SDN.Audit', ...sdnUse],
    PVESysAdmin: release === '7.4' ? [...sysAdmin, 'Permissions.Modify'] : sysAdmin,
    PVETemplateUser: ['VM.Audit', 'VM.Clone'],
    PVEUserAdmin: ['Group.Allocate', 'Realm.AllocateUser', 'User.Modify'],
    PVEVMAdmin: [...vmAdmin, ...VM_USER, ...vmAudit],
    PVEVMUser: [...VM_USER, ...vmAudit],
  }
  return new Map(Object.entries(roles).map(([name, privs]) => [name, [...new Set(privs)].sort()]))
}

/** Every privilege of a release. */
export function allPrivileges(release: Release): readonly string[] {
  return builtinRoles(release).get('Administrator')!
}

/** The privileges of a role: built-in, or one of the administrators' own. */
export function rolePrivileges(
  roles: ReadonlyMap<string, readonly string[]>,
  own: {get(id: string): RoleRecord | undefined},
  roleid: string,
): readonly string[] {
  return roles.get(roleid) ?? own.get(roleid)?.privs ?? []
}
