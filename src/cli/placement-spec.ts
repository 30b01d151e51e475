import type {ResultAsync} from 'neverthrow'
import type {ContextSettings} from '../config/configuration.js'
import type {Failure} from '../domain/failure.js'
import type {GuestType} from '../domain/guest.js'
import type {GuestCreatePlan} from '../services/guest-create-report.js'
import {readContainerCreate} from './container-create-input.js'
import type {GuestCreateInput} from './guest-create-input.js'
import type {Services} from './services.js'
import {readVmCreate} from './vm-create-input.js'
import {containerCreate} from './wiring/container-create.js'
import {vmCreate} from './wiring/vm-create.js'

export interface SpecQuestion {
  readonly file: string
  readonly type: GuestType
  /** Undefined: the best one. */
  readonly node: string | undefined
  readonly ceilingPercent: number | undefined
}

/**
 * What `vm create -f` or `lxc create -f` would do, with nothing else on the command line but the node.
 */
export function planOfSpec(
  {ceilingPercent, file, node, type}: SpecQuestion,
  context: ContextSettings,
  input: GuestCreateInput,
  services: Services,
): ResultAsync<readonly GuestCreatePlan[], Failure> {
  const typed = {
    file,
    node: node ?? 'auto',
    'memory-ceiling': ceilingPercent,
    'password-stdin': false,
    start: false,
    'rm-on-failure': false,
  }
  return type === 'qemu'
    ? readVmCreate(
        {},
        {...typed, empty: false, linked: false, tpm: false} as Parameters<typeof readVmCreate>[1],
        context,
        input,
      ).andThen(({count, request}) => vmCreate(services).plan(request, count))
    : readContainerCreate({}, typed as Parameters<typeof readContainerCreate>[1], context, input).andThen(
        ({count, request}) => containerCreate(services).plan(request, count),
      )
}
