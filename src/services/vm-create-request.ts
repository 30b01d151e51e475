import type {ImageRef} from '../domain/cloud-image.js'
import type {CloudInitSpec} from '../domain/cloud-init.js'
import type {VmHardware} from '../domain/vm-hardware.js'
import type {GuestCreateRequest} from './guest-create-request.js'

/** What a VM is made of. */
export type VmSourceWish =
  | {readonly kind: 'empty'}
  | {
      readonly kind: 'image'
      readonly image: ImageRef
      /** Where a download goes; undefined: the only storage that takes it. */
      readonly imageStorage?: string
    }
  | {readonly kind: 'iso'; readonly volume: string}
  | {
      readonly kind: 'template'
      /** Name or VMID. */
      readonly template: string
      readonly linked: boolean
    }

/** A VM, or several alike, that somebody asks for. */
export interface VmCreateRequest extends GuestCreateRequest {
  readonly source: VmSourceWish
  readonly hardware: VmHardware
  readonly cloudInit: CloudInitSpec
}
