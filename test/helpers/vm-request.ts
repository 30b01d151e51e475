import type {VmCreateRequest} from '../../src/services/vm-create-request.js'

/** An empty VM with nothing said about it but what a test says. */
export function vmRequest(more: Partial<VmCreateRequest> = {}): VmCreateRequest {
  return {
    name: 'web',
    source: {kind: 'empty'},
    hardware: {disks: [], nets: [], others: {}},
    layers: {asked: {}, nodeDefaults: {}, defaults: {}},
    cloudInit: {},
    waitFor: [],
    rootLogin: false,
    start: false,
    removeOnFailure: false,
    ...more,
  }
}
