import type {Secret} from './secret.js'

/** A guest's options by the names of the API. */
export type GuestOptions = Readonly<Record<string, Secret | boolean | number | string>>
