import type {ContainerSetup} from '../domain/container-setup.js'
import type {ContainerSource, FetchOptions} from './container-source-service.js'
import type {GuestCreateRequest} from './guest-create-request.js'

/** A container, or several alike, that somebody asks for. */
export interface ContainerCreateRequest extends GuestCreateRequest {
  readonly source: ContainerSource
  readonly fetch: FetchOptions
  readonly setup: ContainerSetup
}
