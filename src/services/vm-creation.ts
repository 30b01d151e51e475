import {err, ok, okAsync, type Result, type ResultAsync} from 'neverthrow'
import {cloudInitValues} from '../domain/cloud-init.js'
import {creationOn} from '../domain/creation-layers.js'
import {failure, type Failure} from '../domain/failure.js'
import {needsStorage} from '../domain/new-vm-options.js'
import {checkHardware} from '../domain/vm-hardware.js'
import {judgeByStatus} from '../domain/wait-condition.js'
import type {GuestCreation} from './guest-create-service.js'
import type {GuestMaker} from './guest-maker.js'
import type {ReleaseGate} from './release-gate.js'
import type {VmCreateRequest} from './vm-create-request.js'
import {sourceOn} from './vm-new-source.js'

/** How VMs are created. */
export class VmCreation implements GuestCreation<VmCreateRequest> {
  readonly type = 'qemu'

  constructor(
    private readonly fromTemplates: GuestMaker<VmCreateRequest>,
    private readonly fromNothing: GuestMaker<VmCreateRequest>,
    private readonly releases: ReleaseGate,
  ) {}

  makerOf({source}: VmCreateRequest): GuestMaker<VmCreateRequest> {
    return source.kind === 'template' ? this.fromTemplates : this.fromNothing
  }

  checkRelease({cloudInit}: VmCreateRequest): ResultAsync<void, Failure> {
    return cloudInit.upgrade === undefined
      ? okAsync(undefined)
      : this.releases.require('--upgrade', '8.0', 'Leave it out, or say it in a file of your own: --cicustom')
  }

  addresses({cloudInit, hardware}: VmCreateRequest): string[] {
    const fixed = [...(cloudInit.ip ?? []), ...(cloudInit.ip6 ?? [])].filter((address) => address.includes('/'))
    return [...fixed, ...hardware.nets.flatMap((net) => net.get('macaddr') ?? [])]
  }

  storages({hardware, source}: VmCreateRequest): string[] {
    const named = source.kind === 'image' ? source.imageStorage : undefined
    return [
      ...hardware.disks.flatMap((disk) => (disk.source.kind === 'volume' ? [] : (disk.storage ?? []))),
      ...(named === undefined ? [] : [named]),
    ]
  }

  leavesStorageOpen({cloudInit, hardware, layers, source}: VmCreateRequest): boolean {
    if (source.kind === 'template') return !source.linked
    const values = cloudInitValues(cloudInit).unwrapOr({})
    const creation = creationOn(undefined, layers)
    return needsStorage({cloudInit: values, creation, hardware, source: sourceOn(source, undefined)})
  }

  check({hardware, layers, source, waitFor}: VmCreateRequest): Result<void, Failure> {
    return checkHardware(hardware, creationOn(undefined, layers)).andThen(() => {
      // A template may have switched it on.
      const agentEnabled = source.kind === 'template' ? hardware.agent : (hardware.agent ?? false)
      const now = {
        status: 'running',
        template: false,
        haManaged: false,
        ...(agentEnabled !== undefined && {agentEnabled}),
      }
      const hopeless = waitFor.find((condition) => judgeByStatus(condition, now)?.state === 'impossible')
      if (hopeless === undefined) return ok(undefined)
      const message = `--wait-for ${hopeless.text} needs the guest agent, and a new VM has none unless asked for`
      return err(
        failure('usage', message, {
          hint: 'Add --agent, if what is on the disk brings one along; or wait for something else',
          details: {field: 'wait-for', value: hopeless.text},
        }),
      )
    })
  }
}
