import type {ResultAsync} from 'neverthrow'
import type {Clock} from '../domain/clock.js'
import type {Failure} from '../domain/failure.js'
import type {AddressWish, GuestAddress} from '../domain/guest-address.js'
import type {Guest} from '../domain/guest.js'
import type {GuestRef} from '../repositories/guest-repository.js'
import type {AddressService} from './address-service.js'
import type {AgentService} from './agent-service.js'
import type {GuestSenses, ProgramResult} from './guest-look.js'
import type {Patience} from './patience.js'

/** How long a program that only tells something may take. */
const MOST_MS = 15_000

/** What of a guest can be asked through the cluster. */
export class ClusterSenses implements GuestSenses {
  /** @param wish which of its addresses count */
  constructor(
    private readonly agent: Pick<AgentService, 'ask' | 'exec'>,
    private readonly addressService: Pick<AddressService, 'find'>,
    private readonly clock: Clock,
    private readonly wish: AddressWish,
  ) {}

  /** Asks for its version: unlike a ping that is a GET, which is sent again when its answer was lost. */
  ping(guest: GuestRef): ResultAsync<unknown, Failure> {
    return this.agent.ask(running(guest), 'info')
  }

  addresses(guest: GuestRef): ResultAsync<readonly GuestAddress[], Failure> {
    return this.addressService.find(guest, this.wish).map(({addresses}) => addresses)
  }

  run(guest: GuestRef, command: readonly string[], patience: Patience): ResultAsync<ProgramResult, Failure> {
    const deadline = Math.min(patience.deadline, this.clock.now() + MOST_MS)
    return this.agent
      .exec(running(guest), {command}, {...patience, deadline})
      .map(({exitCode = -1, stdout}) => ({exitCode, stdout: new TextDecoder().decode(stdout)}))
  }
}

/** Only a running guest is looked into. */
function running(guest: GuestRef): Guest {
  return {status: 'running', template: false, tags: [], ...guest}
}
