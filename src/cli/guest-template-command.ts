import type {Result} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import {guestCommand, type NativeLine} from '../domain/native-command.js'
import type {GuestChange} from '../services/guest-service.js'
import type {Patience} from '../services/patience.js'
import {nativeFlag} from './flags.js'
import {GuestActionCommand, guestActionFlags, type GuestActionFlags} from './guest-action-command.js'
import type {Services} from './services.js'
import {templateService} from './wiring/template.js'

/** Makes templates of guests; always asks, because there is no way back. */
export abstract class GuestTemplateCommand extends GuestActionCommand {
  static override description =
    'There is no way back: a template never runs again, it is cloned. A guest with snapshots cannot become one.'

  static override args = GuestActionCommand.args
  static override flags = {...guestActionFlags, ...nativeFlag}

  protected readonly verb = 'make a template of'
  protected readonly past = 'made a template'
  protected override readonly ask = 'always'

  /** One alone is refused before anybody is asked. */
  protected override async examine(
    _services: Services,
    guests: readonly Guest[],
    _flags: GuestActionFlags,
  ): Promise<void> {
    const [only, another] = guests
    if (only === undefined || another !== undefined) return
    const service = await this.use(templateService)
    const obstacle = await service.obstacle(only)
    if (obstacle !== undefined) this.fail(obstacle)
  }

  protected override async confirm(
    guests: readonly Guest[],
    flags: GuestActionFlags,
    selection: boolean,
  ): Promise<void> {
    const plain = guests.filter(({template}) => !template)
    if (plain.length > 0) await super.confirm(plain, flags, selection)
  }

  protected async act(
    _services: Services,
    guest: Guest,
    flags: GuestActionFlags,
    patience: Patience,
  ): Promise<Result<GuestChange, Failure>> {
    const service = await this.use(templateService)
    return service.convert(guest, flags.wait, patience)
  }

  protected override sentence(changed: GuestChange): string {
    return changed.changed ? super.sentence(changed) : `${guestLabel(changed)} is a template already`
  }

  protected override planOf(guest: Guest, flags: GuestActionFlags): {readonly fields?: object; readonly text: string} {
    if (!guest.template) return super.planOf(guest, flags)
    return {fields: {status: 'template'}, text: `${guestLabel(guest)} is a template already`}
  }

  protected override nativeLines({node, template, type, vmid}: Guest): NativeLine[] {
    return template ? [] : [{node, command: guestCommand(type, 'template', [vmid])}]
  }
}
