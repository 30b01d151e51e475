import type {Routes} from '../kernel/call.js'

export const versionRoutes: Routes = {
  'GET /': () => ['version', 'cluster', 'nodes', 'storage', 'access', 'pools'].map((subdir) => ({subdir})),
  'GET /nodes/{node}/version': ({world}) => ({...world.meta.version}),
  'GET /version': ({world}) => ({...world.meta.version}),
}
