import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {chooseVmid, freeVmid, type VmidSpan} from '../domain/vmid.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {Patience, Timing} from './patience.js'

/** VMIDs for new guests. Nothing can be reserved: a VMID is ours only when a guest of ours has it (reference 2.9). */
export class VmidPicker {
  /** Those that this run has asked for already: guests that are made side by side must not race each other. */
  readonly #given = new Set<number>()

  constructor(
    private readonly cluster: ClusterRepository,
    private readonly timing: Timing,
  ) {}

  /**
   * The lowest free VMID at first, then one of ever more free ones, inside the datacenter's range.
   * @param lost those that somebody else got while we asked for them
   * @param span pick from these instead; `no-capacity` when all of them are in use
   */
  async pick(lost: ReadonlySet<number>, span?: VmidSpan): Promise<Result<number, Failure>> {
    if (span !== undefined) return this.pickFrom(span, lost)
    const suggested = await this.cluster.nextId()
    if (suggested.isErr()) return suggested
    return ok(await this.choose(suggested.value, lost))
  }

  private async choose(suggested: number, lost: ReadonlySet<number>): Promise<number> {
    if (lost.size === 0 && !this.#given.has(suggested)) return this.give(suggested)
    const [resources, range] = await Promise.all([this.cluster.resources('vm'), this.cluster.vmidRange()])
    // Without the right to read the options, only what the server itself suggests is known to be in the range.
    if (range.isErr()) return suggested
    const used = resources.isOk() ? resources.value.guests.map((guest) => guest.vmid) : []
    const taken = new Set([...used, ...lost, ...this.#given])
    if (lost.size > 0)
      return this.give(chooseVmid(suggested, lost.size, taken, range.value, () => this.timing.random()))
    let next = suggested
    while (taken.has(next) && next + 1 < range.value.upper) next++
    return this.give(next)
  }

  private async pickFrom(span: VmidSpan, lost: ReadonlySet<number>): Promise<Result<number, Failure>> {
    const resources = await this.cluster.resources('vm')
    if (resources.isErr()) return err(resources.error)
    const taken = new Set([...resources.value.guests.map(({vmid}) => vmid), ...lost, ...this.#given])
    const lowest = freeVmid(span, taken)
    if (lowest === undefined) {
      return err(
        failure('no-capacity', `no VMID from ${span.first} to ${span.last} is free`, {
          hint: 'Name one with --vmid, or make the range in the configuration (vmids) larger',
          details: {field: 'vmids', first: span.first, last: span.last},
        }),
      )
    }

    const range = {lower: span.first, upper: span.last + 1}
    return ok(this.give(chooseVmid(lowest, lost.size, taken, range, () => this.timing.random())))
  }

  /** At once, before anybody else can choose. */
  private give(vmid: number): number {
    this.#given.add(vmid)
    return vmid
  }

  /** Waits a little, longer after each lost race. */
  pause(times: number, {signal}: Patience): Promise<void> {
    return this.timing.sleep(this.timing.random() * Math.min(2000, 50 * 2 ** times), signal)
  }
}
