import {EXIT_CODES} from '../domain/failure.js'
import {guestNoun, type GuestType} from '../domain/guest.js'
import {nativeScript, type NativeLine} from '../domain/native-command.js'
import type {
  CreatedGuest,
  GuestCreatePlan,
  GuestCreateStarted,
  PlacementReport,
} from '../services/guest-create-report.js'
import type {GuestCreateRequest} from '../services/guest-create-request.js'
import type {GuestCreateService} from '../services/guest-create-service.js'
import {BaseCommand} from './base-command.js'
import type {CreationFlags} from './guest-create-flags.js'
import type {GuestCreateInput, GuestCreateWish} from './guest-create-input.js'
import {createdGuestsText, createdGuestText, placementLines, planText, tasksOf} from './output/created-guest.js'
import {exitCodeOfResults, resultsOf, type Results} from './output/results.js'

export type GuestCreateOutcome =
  | CreatedGuest
  | GuestCreatePlan
  | GuestCreateStarted
  | Results<CreatedGuest>
  | readonly GuestCreatePlan[]
  | {readonly commands: readonly NativeLine[]}

/** Creates one guest, or several alike: `run` reads what is wanted, and `make` does it. */
export abstract class GuestCreateCommand extends BaseCommand<GuestCreateOutcome> {
  protected abstract readonly guestType: GuestType

  protected get input(): GuestCreateInput {
    const {prompt, runtime, signal, surroundings} = this
    return {prompt, runtime, signal, surroundings}
  }

  protected async make<R extends GuestCreateRequest>(
    service: GuestCreateService<R>,
    {count, request}: GuestCreateWish<R>,
    flags: CreationFlags,
  ): Promise<GuestCreateOutcome> {
    if (flags['print-native']) {
      const commands = await this.unwrap(service.native(request, count))
      return this.present({commands}, {text: nativeScript(commands)})
    }

    if (flags['dry-run']) {
      const plans = await this.unwrap(service.plan(request, count))
      for (const text of plans.flatMap(({warnings = []}) => warnings)) await this.warning(text)
      const view = {text: planText(plans)}
      return count === undefined
        ? this.present(plans[0] as GuestCreatePlan, view)
        : this.present<GuestCreateOutcome, never>(plans, view)
    }

    if (count !== undefined) return this.several(service, request, count, flags)
    const tell = (placement: PlacementReport) => this.tell(placement)
    if (!flags.wait) {
      const started = await this.unwrap(service.begin(request, this.patience(flags), tell))
      return this.present(started, {text: started.upid})
    }

    this.progress.start(`create ${request.name}`)
    const created = await this.unwrap(service.create(request, this.patience(flags), tell))
    this.progress.stop()
    for (const text of created.warnings ?? []) await this.warning(text)
    this.checkWarnings(flags, tasksOf([created]), created)
    return this.present(created, {text: createdGuestText(created)})
  }

  private async several<R extends GuestCreateRequest>(
    service: GuestCreateService<R>,
    request: R,
    count: number,
    flags: CreationFlags,
  ): Promise<GuestCreateOutcome> {
    this.progress.start(`create ${count} ${guestNoun(this.guestType)}s`)
    const manner = {parallel: flags.parallel, failFast: flags['fail-fast'], signal: this.signal}
    const tell = (placement: PlacementReport, name: string) => this.tell(placement, name)
    const done = await this.unwrap(service.createSeveral(request, count, () => this.patience(flags), tell, manner))
    this.progress.stop()
    const created = done.flatMap((result) => (result.ok ? [result.value] : []))
    for (const {name, warnings = []} of created) for (const text of warnings) await this.warning(`${name}: ${text}`)
    const {stopped} = this.interruption
    this.endWith(
      stopped === 'interrupted' || stopped === 'terminated' ? EXIT_CODES[stopped] : exitCodeOfResults(done, count),
    )
    const results = resultsOf(done, count)
    this.checkWarnings(flags, tasksOf(created), results)
    return this.present(results, {text: createdGuestsText(done, count)})
  }

  private tell(placement: PlacementReport, name?: string): void {
    for (const line of placementLines(placement)) this.note(name === undefined ? line : `${name}: ${line}`)
  }
}
