import {Secret} from '../../src/domain/secret.js'
import {ConfigRepository} from '../../src/repositories/config-repository.js'
import {itSendsValidRequests, requestsOf} from './request-recorder.js'

const vm = {vmid: 100, name: 'web', type: 'qemu', node: 'pve1'} as const
const container = {...vm, type: 'lxc'} as const
const digest = 'a'.repeat(40)

describe('requests for configurations', () => {
  itSendsValidRequests(
    requestsOf((connection) => {
      const configs = new ConfigRepository(connection)
      return [
        ...[vm, container].flatMap((guest) => [
          configs.read(guest),
          configs.read(guest, {current: true}),
          configs.read(guest, {snapshot: 'before-upgrade'}),
          configs.pending(guest),
          configs.update(guest, {
            set: {memory: '2048', onboot: '1'},
            delete: ['description', 'cores'],
            revert: ['tags', 'net0'],
            digest,
          }),
        ]),
        configs.update(vm, {
          set: {sshkeys: 'ssh-rsa%20AAAA%0Assh-rsa%20BBBB', ipconfig0: 'ip=192.0.2.5/24,gw=192.0.2.1'},
          secrets: {cipassword: new Secret('Sesame')},
          delete: [],
          revert: [],
        }),
        configs.updateInTask(vm, {set: {scsi1: 'local-lvm:8'}, delete: ['unused0'], revert: [], digest}),
        configs.cloudInit(vm),
        configs.regenerate(vm),
        configs.dump(vm, 'user'),
        configs.dump(vm, 'network'),
        configs.dump(vm, 'meta'),
      ]
    }),
  )
})
