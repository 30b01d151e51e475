import {AddressRepository} from '../../repositories/address-repository.js'
import {AddressService} from '../../services/address-service.js'
import type {Services} from '../services.js'

export function addressService({parts}: Services): AddressService {
  return new AddressService(parts.guests, new AddressRepository(parts.connection), parts.releases)
}
