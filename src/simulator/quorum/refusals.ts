import {splitUserid} from '../access/users.js'
import {configTmp} from './write-refusal.js'

import type {Call} from '../kernel/call.js'

/** What a change says on a node without quorum (cluster facts, "Quorum loss"). */
export type Refusal =
  /** At once: the step asks for quorum before anything else. */
  | 'not-ready'
  /** After nine seconds: the lock of a file of the cluster cannot be had. */
  | {readonly lock: string; readonly prefix?: string}
  /** At once: the file cannot be written. */
  | {readonly text: string}

type Rule = Refusal | ((call: Call) => Refusal | undefined)

const userCfg = (prefix: string): Refusal => ({lock: 'file-user_cfg', prefix})
const domainsCfg = (prefix: string): Refusal => ({lock: 'file-domains_cfg', prefix})
const tfaCfg: Refusal = {lock: 'file-priv_tfa_cfg'}
const mapping = (kind: string, prefix: string): Refusal => ({lock: `file-mapping_${kind}_cfg`, prefix})
const notifications: Refusal = {lock: 'file-notifications_cfg'}
const statusCfg: Refusal = {lock: 'file-status_cfg'}
const jobsCfg: Refusal = {lock: 'file-jobs_cfg'}
const haDomain = (prefix?: string): Refusal => ({lock: 'domain-ha', ...(prefix !== undefined && {prefix})})

/**
 * Changes that are refused before their handler looks at anything. Where checks come first the handler takes the lock itself (`withClusterLock`); guests check their
 * configuration file when they write it. What is not named here or there works without quorum, as on a real node: network, DNS, stopping guests.
 */
export const REFUSALS: Readonly<Record<string, Rule>> = {
  'DELETE /access/domains/{realm}': domainsCfg('delete auth server failed'),
  'DELETE /access/groups/{groupid}': userCfg('delete group failed'),
  'DELETE /access/roles/{roleid}': userCfg('delete role failed'),
  'DELETE /access/tfa/{userid}/{id}': tfaCfg,
  'DELETE /access/users/{userid}': userCfg('delete user failed'),
  'POST /access/domains': domainsCfg('add auth server failed'),
  'POST /access/groups': userCfg('create group failed'),
  'POST /access/roles': userCfg('create role failed'),
  'POST /access/tfa/{userid}': tfaCfg,
  'POST /access/users': userCfg('create user failed'),
  'PUT /access/acl': userCfg('ACL update failed'),
  'PUT /access/domains/{realm}': domainsCfg('update auth server failed'),
  'PUT /access/groups/{groupid}': userCfg('update group failed'),
  // passwords of the system are each node's own
  'PUT /access/password': (call) =>
    splitUserid(call.required('userid')).realm === 'pve' ? {lock: 'file-priv_shadow_cfg'} : undefined,
  'PUT /access/roles/{roleid}': userCfg('update role failed'),
  'PUT /access/tfa/{userid}/{id}': tfaCfg,
  'PUT /access/users/{userid}': userCfg('update user failed'),
  'PUT /access/users/{userid}/unlock-tfa': tfaCfg,

  'DELETE /pools': userCfg('delete pool failed'),
  'DELETE /pools/{poolid}': userCfg('delete pool failed'),
  'POST /pools': userCfg('create pool failed'),
  'PUT /pools': userCfg('update pools failed'),
  'PUT /pools/{poolid}': userCfg('update pools failed'),

  'DELETE /cluster/config/nodes/{node}': 'not-ready',
  'POST /cluster/config/nodes/{node}': 'not-ready',
  'PUT /cluster/options': {lock: 'file-datacenter_cfg'},

  'DELETE /cluster/ha/groups/{group}': haDomain('delete ha group failed'),
  'DELETE /cluster/ha/resources/{sid}': haDomain('delete resource failed'),
  'DELETE /cluster/ha/rules/{rule}': haDomain('delete ha rule failed'),
  'POST /cluster/ha/groups': 'not-ready',
  'POST /cluster/ha/resources': 'not-ready',
  'POST /cluster/ha/resources/{sid}/migrate': haDomain(),
  'POST /cluster/ha/resources/{sid}/relocate': haDomain(),
  'POST /cluster/ha/rules': 'not-ready',
  'PUT /cluster/ha/groups/{group}': haDomain('update ha group failed'),
  'PUT /cluster/ha/resources/{sid}': haDomain('update resources config failed'),
  'PUT /cluster/ha/rules/{rule}': haDomain('update HA rules failed'),

  'DELETE /cluster/jobs/realm-sync/{id}': jobsCfg,
  'POST /cluster/jobs/realm-sync/{id}': jobsCfg,
  'PUT /cluster/jobs/realm-sync/{id}': jobsCfg,

  'DELETE /cluster/mapping/dir/{id}': mapping('directory', 'delete directory mapping failed'),
  'DELETE /cluster/mapping/pci/{id}': mapping('pci', 'delete pci mapping failed'),
  'DELETE /cluster/mapping/usb/{id}': mapping('usb', 'delete usb mapping failed'),
  'POST /cluster/mapping/dir': mapping('directory', 'create directory mapping failed'),
  'POST /cluster/mapping/pci': mapping('pci', 'create hardware mapping failed'),
  'POST /cluster/mapping/usb': mapping('usb', 'create hardware mapping failed'),
  'PUT /cluster/mapping/dir/{id}': mapping('directory', 'update directory mapping failed'),
  'PUT /cluster/mapping/pci/{id}': mapping('pci', 'update hardware mapping failed'),
  'PUT /cluster/mapping/usb/{id}': mapping('usb', 'update hardware mapping failed'),

  'DELETE /cluster/metrics/server/{id}': statusCfg,
  'POST /cluster/metrics/server/{id}': statusCfg,
  'PUT /cluster/metrics/server/{id}': statusCfg,

  'DELETE /cluster/notifications/matchers/{name}': notifications,
  'POST /cluster/notifications/matchers': notifications,
  'PUT /cluster/notifications/matchers/{name}': notifications,
  ...Object.fromEntries(
    ['gotify', 'sendmail', 'smtp', 'webhook'].flatMap((kind) => [
      [`DELETE /cluster/notifications/endpoints/${kind}/{name}`, notifications],
      [`POST /cluster/notifications/endpoints/${kind}`, notifications],
      [`PUT /cluster/notifications/endpoints/${kind}/{name}`, notifications],
    ]),
  ),

  'DELETE /cluster/acme/account/{name}': {lock: 'domain-acme'},
  'DELETE /cluster/acme/plugins/{id}': {lock: 'domain-acme'},
  'POST /cluster/acme/account': {lock: 'domain-acme'},
  'POST /cluster/acme/plugins': {lock: 'domain-acme'},
  'PUT /cluster/acme/account/{name}': {lock: 'domain-acme'},
  'PUT /cluster/acme/plugins/{id}': {lock: 'domain-acme'},

  'DELETE /cluster/replication/{id}': {lock: 'file-replication_cfg'},

  'PUT /nodes/{node}/config': (call) => ({text: configTmp(`nodes/${call.node}/config`)}),
}
