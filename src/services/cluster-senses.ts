import {err, ok, ResultAsync, type Result} from 'neverthrow'
import type {Clock} from '../domain/clock.js'
import {failure, type Failure} from '../domain/failure.js'
import type {AddressWish, GuestAddress} from '../domain/guest-address.js'
import {guestLabel} from '../domain/guest.js'
import {pollDelay} from '../domain/task.js'
import type {AgentProbeRepository} from '../repositories/agent-probe-repository.js'
import type {GuestRef} from '../repositories/guest-repository.js'
import type {AddressService} from './address-service.js'
import type {GuestSenses, ProgramResult} from './guest-look.js'
import {impatience, type Patience} from './patience.js'
import {compareReleases, type ReleaseGate} from './release-gate.js'

/** How long a program that only tells something may take. */
const MOST_MS = 15_000

/** What of a guest can be asked through the cluster. */
export class ClusterSenses implements GuestSenses {
  constructor(
    private readonly agent: AgentProbeRepository,
    private readonly addressService: AddressService,
    private readonly releases: Pick<ReleaseGate, 'release'>,
    private readonly clock: Clock,
    private readonly wish: AddressWish,
  ) {}

  ping(guest: GuestRef): ResultAsync<unknown, Failure> {
    return this.agent.answers(guest)
  }

  addresses(guest: GuestRef): ResultAsync<readonly GuestAddress[], Failure> {
    return this.addressService.find(guest, this.wish).map(({addresses}) => addresses)
  }

  run(guest: GuestRef, command: readonly string[], patience: Patience): ResultAsync<ProgramResult, Failure> {
    return this.releases
      .release()
      .andThen((release) => this.agent.start(guest, command, compareReleases(release, '8.0') < 0))
      .andThen((pid) => new ResultAsync(this.untilEnd(guest, pid, patience)))
  }

  private async untilEnd(guest: GuestRef, pid: number, patience: Patience): Promise<Result<ProgramResult, Failure>> {
    const deadline = Math.min(patience.deadline, this.clock.now() + MOST_MS)
    for (let attempt = 0; ; attempt++) {
      const end = await this.agent.end(guest, pid)
      if (end.isErr()) return err(end.error)
      if (end.value !== undefined) return ok(end.value)
      const gone = impatience({...patience, deadline}, this.clock, `a program in ${guestLabel(guest)}`)
      if (gone !== undefined) return err(failure('timeout', gone.message))
      await this.clock.sleep(patience.pollIntervalMs ?? pollDelay(attempt), patience.signal)
    }
  }
}
