import type {VmidSpan} from './vmid.js'

/** What a new guest gets where the command line says nothing. */
export interface CreationDefaults {
  readonly cores?: number
  readonly memoryBytes?: number
  readonly diskBytes?: number
  readonly bridge?: string
  readonly storage?: string
  readonly pool?: string
  readonly tags?: readonly string[]
  /** Where VMIDs are picked from that nobody asks for. */
  readonly vmids?: VmidSpan
}
