import {DeviceRepository} from '../../repositories/device-repository.js'
import type {CloneTools} from '../../services/guest-clone-maker.js'
import type {GuestCreateRequest} from '../../services/guest-create-request.js'
import {GuestCreateService, type GuestCreation} from '../../services/guest-create-service.js'
import {GuestFinishService} from '../../services/guest-finish-service.js'
import type {NewGuestService} from '../../services/new-guest-service.js'
import type {Services} from '../services.js'
import {cloneService} from './clone.js'
import {newGuestService} from './new-guest.js'
import {reachCheck} from './placement.js'
import {waitService} from './wait.js'

/** What both kinds of creation are made with. */
export interface CreationTools extends CloneTools {
  readonly creations: NewGuestService
}

/** @param creationOf what one kind has of its own */
export function guestCreate<R extends GuestCreateRequest>(
  services: Services,
  creationOf: (tools: CreationTools) => GuestCreation<R>,
): GuestCreateService<R> {
  const {cluster, guests, visibility} = services.parts
  const creation = creationOf({
    guests,
    visibility,
    clones: cloneService(services),
    creations: newGuestService(services),
    reach: reachCheck(services),
  })
  return new GuestCreateService(cluster, creation, guestFinish(services))
}

export function guestFinish(services: Services): GuestFinishService {
  const {connection, guests} = services.parts
  return new GuestFinishService(guests, new DeviceRepository(connection), services.tasks, waitService()(services))
}
