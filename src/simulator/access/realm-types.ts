/** Options of the types of realms, as far as a type accepts them; the first list is needed at its creation. */
export interface RealmType {
  readonly required: readonly string[]
  readonly optional: readonly string[]
}

const COMMON = ['comment', 'default', 'tfa']
const DIRECTORY = [
  'server2',
  'base_dn',
  'bind_dn',
  'password',
  'user_attr',
  'port',
  'secure',
  'mode',
  'sslversion',
  'verify',
  'capath',
  'cert',
  'certkey',
  'filter',
  'sync_attributes',
  'user_classes',
  'group_dn',
  'group_name_attr',
  'group_filter',
  'group_classes',
  'sync-defaults-options',
  'check-connection',
]

/** The types an administrator can add. The two built-in realms take the common options only. */
export const REALM_TYPES: Readonly<Record<string, RealmType>> = {
  ad: {required: ['server1', 'domain'], optional: [...DIRECTORY, ...COMMON, 'case-sensitive']},
  ldap: {required: ['server1', 'base_dn', 'user_attr'], optional: [...DIRECTORY, ...COMMON, 'case-sensitive']},
  openid: {
    required: ['issuer-url', 'client-id'],
    optional: [
      'client-key',
      'autocreate',
      'username-claim',
      'prompt',
      'scopes',
      'acr-values',
      'query-userinfo',
      'groups-claim',
      'groups-autocreate',
      'groups-overwrite',
      'audiences',
      'default',
      'comment',
    ],
  },
  pam: {required: [], optional: COMMON},
  pve: {required: [], optional: COMMON},
}
