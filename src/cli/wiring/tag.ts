import {TagService} from '../../services/tag-service.js'
import type {Services} from '../services.js'
import {configService} from './config.js'

export function tagService(services: Services): TagService {
  return new TagService(configService(services), services.parts.timing)
}
