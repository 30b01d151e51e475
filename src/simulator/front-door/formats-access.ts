import {type FormatCheck, type FormatTable, matching, oneOf} from './format-check.js'

const USER_NAME = String.raw`[^\s:/]+`
const REALM = String.raw`[A-Za-z][A-Za-z0-9.\-_]+`
const POOL_SEGMENT = String.raw`[A-Za-z0-9.\-_]+`

const PRIVILEGES: readonly string[] = [
  'Datastore.Allocate',
  'Datastore.AllocateSpace',
  'Datastore.AllocateTemplate',
  'Datastore.Audit',
  'Group.Allocate',
  'Mapping.Audit',
  'Mapping.Modify',
  'Mapping.Use',
  'Permissions.Modify',
  'Pool.Allocate',
  'Pool.Audit',
  'Realm.Allocate',
  'Realm.AllocateUser',
  'SDN.Allocate',
  'SDN.Audit',
  'SDN.Use',
  'Sys.AccessNetwork',
  'Sys.Audit',
  'Sys.Console',
  'Sys.Incoming',
  'Sys.Modify',
  'Sys.PowerMgmt',
  'Sys.Syslog',
  'User.Modify',
  'VM.Allocate',
  'VM.Audit',
  'VM.Backup',
  'VM.Clone',
  'VM.Config.CDROM',
  'VM.Config.CPU',
  'VM.Config.Cloudinit',
  'VM.Config.Disk',
  'VM.Config.HWType',
  'VM.Config.Memory',
  'VM.Config.Network',
  'VM.Config.Options',
  'VM.Console',
  'VM.Migrate',
  'VM.PowerMgmt',
  'VM.Snapshot',
  'VM.Snapshot.Rollback',
]
const PRIVILEGES_UNTIL_8: readonly string[] = ['VM.Monitor']
const PRIVILEGES_SINCE_9: readonly string[] = [
  'VM.GuestAgent.Audit',
  'VM.GuestAgent.FileRead',
  'VM.GuestAgent.FileSystemMgmt',
  'VM.GuestAgent.FileWrite',
  'VM.GuestAgent.Unrestricted',
  'VM.Replicate',
]

const isOldPrivilege = oneOf([...PRIVILEGES, ...PRIVILEGES_UNTIL_8], "invalid privilege '$VALUE'")
const isNewPrivilege = oneOf([...PRIVILEGES, ...PRIVILEGES_SINCE_9], "invalid privilege '$VALUE'")

const USER_ID = new RegExp(`^${USER_NAME}@${REALM}$`)

/** A user id `name@realm` of 3 to 64 characters. */
export const userId: FormatCheck = (value) => {
  const {length} = value
  if (length < 3) return `user name '${value}' is too short\n`
  if (length > 64) return `user name '${value}' is too long (${length} > 64)\n`
  return USER_ID.test(value) ? undefined : `value '${value}' does not look like a valid user name\n`
}

const POOL_ID = new RegExp(`^${POOL_SEGMENT}(?:/${POOL_SEGMENT}){0,2}$`)
const FLAT_POOL_ID = new RegExp(`^${POOL_SEGMENT}$`)

const poolId: FormatCheck = (value, {version}) => {
  if (version !== '7.4' && value.replace(/\/+$/, '').split('/').length > 3) {
    return `pool name '${value}' nested too deeply (max levels = 3)\n`
  }
  const pattern = version === '7.4' ? FLAT_POOL_ID : POOL_ID
  return pattern.test(value) ? undefined : `pool name '${value}' contains invalid characters\n`
}

export const ACCESS_FORMATS: FormatTable = {
  'pve-groupid': matching(/^[A-Za-z0-9.\-_]+$/, "group name '$VALUE' contains invalid characters"),
  'pve-poolid': poolId,
  'pve-priv': (value, context) => (context.version === '9.2' ? isNewPrivilege : isOldPrivilege)(value, context),
  'pve-realm': matching(new RegExp(`^${REALM}$`), 'value does not look like a valid realm'),
  'pve-roleid': matching(/^[A-Za-z0-9.\-_]+$/, "role name '$VALUE' contains invalid characters"),
  'pve-tokenid': matching(
    new RegExp(`^${USER_NAME}@${REALM}!${REALM}$`),
    "value '$VALUE' does not look like a valid token ID",
  ),
  'pve-userid': userId,
  'ldap-simple-attr': matching(/^[a-zA-Z0-9]+$/, "value '$VALUE' does not look like a simple ldap attribute name"),
}
