/**
 * All endpoints of the simulator, one module per noun.
 *
 * To add an endpoint: write `'POST /nodes/{node}/qemu/{vmid}/clone': (call) => …` in the noun's module, with the path as the schema spells it, and add the noun's
 * routes to the list below once. When the handler runs, the caller is authenticated and permitted, the parameters are validated against the schema, and the call has
 * arrived at its node (`call.node`). It reads them with `call.text/number/flag/list`, works on `call.world` (records in `world.store.of('guests')`, time in
 * `world.clock`, access in `call.check`), throws through `die`, `paramError` or `permissionError`, and returns plain JSON. What takes time is a task:
 * `return call.startTask('qmclone', vmid, async (task) => { task.log('…'); await task.sleep(3); })` answers its UPID; to wait for somebody else use
 * `task.patience`. A new kind of record is one line in `kernel/state.ts`. Records are immutable: put another one. Check the result with the recorded conversations
 * and write a test in `test/unit/simulator` or `test/e2e`.
 */
import {accessAclRoutes} from './access-acl.js'
import {accessDomainsRoutes} from './access-domains.js'
import {accessGroupsRoutes} from './access-groups.js'
import {accessOpenidRoutes} from './access-openid.js'
import {accessPasswordRoutes} from './access-password.js'
import {accessPermissionsRoutes} from './access-permissions.js'
import {accessRolesRoutes} from './access-roles.js'
import {accessTfaRoutes} from './access-tfa.js'
import {accessTicketRoutes} from './access-ticket.js'
import {accessTokensRoutes} from './access-tokens.js'
import {accessUsersRoutes} from './access-users.js'
import {backupJobsRoutes} from './backup-jobs.js'
import {bulkRoutes} from './bulk.js'
import {clusterAcmeRoutes} from './cluster-acme.js'
import {clusterCephRoutes} from './cluster-ceph.js'
import {clusterConfigRoutes} from './cluster-config.js'
import {clusterHaRulesRoutes} from './cluster-ha-rules.js'
import {clusterHaRoutes} from './cluster-ha.js'
import {clusterIndexRoutes} from './cluster-index.js'
import {clusterJobsRoutes} from './cluster-jobs.js'
import {clusterMappingRoutes} from './cluster-mapping.js'
import {clusterMetricsRoutes} from './cluster-metrics.js'
import {clusterNotificationsRoutes} from './cluster-notifications.js'
import {clusterOptionsRoutes} from './cluster-options.js'
import {clusterResourcesRoutes} from './cluster-resources.js'
import {clusterStatusRoutes} from './cluster-status.js'
import {cpuModelsRoutes} from './cpu-models.js'
import {firewallRoutes} from './firewall.js'
import {lxcConfigRoutes} from './lxc-config.js'
import {lxcConsoleRoutes} from './lxc-console.js'
import {lxcSnapshotRoutes} from './lxc-snapshot.js'
import {lxcStatusRoutes} from './lxc-status.js'
import {lxcRoutes} from './lxc.js'
import {nodeAptRoutes} from './node-apt.js'
import {nodeCephRoutes} from './node-ceph.js'
import {nodeCertificatesRoutes} from './node-certificates.js'
import {nodeConfigRoutes} from './node-config.js'
import {nodeDisksRoutes} from './node-disks.js'
import {nodeExecuteRoutes} from './node-execute.js'
import {nodeFiguresRoutes} from './node-figures.js'
import {nodeHardwareRoutes} from './node-hardware.js'
import {nodeIndexRoutes} from './node-index.js'
import {nodeLogRoutes} from './node-log.js'
import {nodeNetworkRoutes} from './node-network.js'
import {nodeScanRoutes} from './node-scan.js'
import {nodeServicesRoutes} from './node-services.js'
import {nodeStorageRoutes} from './node-storage.js'
import {nodeSubscriptionRoutes} from './node-subscription.js'
import {nodesRoutes} from './nodes.js'
import {poolsRoutes} from './pools.js'
import {pruneBackupsRoutes} from './prune-backups.js'
import {qemuAgentRoutes} from './qemu-agent.js'
import {qemuCapabilitiesRoutes} from './qemu-capabilities.js'
import {qemuConsoleRoutes} from './qemu-console.js'
import {qemuMigrateRoutes} from './qemu-migrate.js'
import {qemuSnapshotRoutes} from './qemu-snapshot.js'
import {qemuStatusRoutes} from './qemu-status.js'
import {qemuRoutes} from './qemu.js'
import {replicationRoutes} from './replication.js'
import {sdnRoutes} from './sdn.js'
import {storageContentRoutes} from './storage-content.js'
import {storageTransferRoutes} from './storage-transfer.js'
import {storageRoutes} from './storage.js'
import {tasksRoutes} from './tasks.js'
import {versionRoutes} from './version.js'
import {vzdumpRoutes} from './vzdump.js'
import {nodeConsoleRoutes} from './node-console.js'
import {nodeReportRoutes} from './node-report.js'

import type {Routes} from '../kernel/call.js'

const nouns: Routes = {
  ...accessAclRoutes,
  ...accessDomainsRoutes,
  ...accessGroupsRoutes,
  ...accessOpenidRoutes,
  ...accessPasswordRoutes,
  ...accessPermissionsRoutes,
  ...accessRolesRoutes,
  ...accessTfaRoutes,
  ...accessTicketRoutes,
  ...accessTokensRoutes,
  ...accessUsersRoutes,
  ...backupJobsRoutes,
  ...bulkRoutes,
  ...clusterAcmeRoutes,
  ...clusterCephRoutes,
  ...clusterConfigRoutes,
  ...clusterHaRoutes,
  ...clusterHaRulesRoutes,
  ...clusterIndexRoutes,
  ...clusterJobsRoutes,
  ...clusterMappingRoutes,
  ...clusterMetricsRoutes,
  ...clusterNotificationsRoutes,
  ...clusterOptionsRoutes,
  ...clusterResourcesRoutes,
  ...clusterStatusRoutes,
  ...cpuModelsRoutes,
  ...firewallRoutes,
  ...lxcConfigRoutes,
  ...lxcConsoleRoutes,
  ...lxcRoutes,
  ...lxcSnapshotRoutes,
  ...lxcStatusRoutes,
  ...nodeAptRoutes,
  ...nodeCephRoutes,
  ...nodeCertificatesRoutes,
  ...nodeConfigRoutes,
  ...nodeConsoleRoutes,
  ...nodeDisksRoutes,
  ...nodeFiguresRoutes,
  ...nodeHardwareRoutes,
  ...nodeIndexRoutes,
  ...nodeLogRoutes,
  ...nodeNetworkRoutes,
  ...nodeReportRoutes,
  ...nodeScanRoutes,
  ...nodeServicesRoutes,
  ...nodeStorageRoutes,
  ...nodeSubscriptionRoutes,
  ...nodesRoutes,
  ...poolsRoutes,
  ...pruneBackupsRoutes,
  ...qemuAgentRoutes,
  ...qemuCapabilitiesRoutes,
  ...qemuConsoleRoutes,
  ...qemuMigrateRoutes,
  ...qemuRoutes,
  ...qemuSnapshotRoutes,
  ...qemuStatusRoutes,
  ...replicationRoutes,
  ...sdnRoutes,
  ...storageContentRoutes,
  ...storageRoutes,
  ...storageTransferRoutes,
  ...tasksRoutes,
  ...versionRoutes,
  ...vzdumpRoutes,
}

export const routes: Routes = {...nouns, ...nodeExecuteRoutes(nouns)}
