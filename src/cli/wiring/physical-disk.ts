import {PhysicalDiskRepository} from '../../repositories/physical-disk-repository.js'
import {PhysicalDiskService} from '../../services/physical-disk-service.js'
import type {Services} from '../services.js'

export function physicalDiskService({parts}: Services): PhysicalDiskService {
  return new PhysicalDiskService(new PhysicalDiskRepository(parts.connection), parts.cluster)
}
