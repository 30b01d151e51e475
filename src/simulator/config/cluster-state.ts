import type {PropertyRecord} from '../kernel/state.js'

declare module '../kernel/state.js' {
  interface State {
    acmeAccounts: PropertyRecord
    acmePlugins: PropertyRecord
    cpuModels: PropertyRecord
    realmSyncJobs: PropertyRecord
  }
}
