import type {Result} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import {lockMeaning} from '../domain/guest-lock.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import {guestCommand, type NativeLine} from '../domain/native-command.js'
import {fanOut} from '../services/fan-out.js'
import type {LockLook, UnlockChange} from '../services/unlock-service.js'
import {nativeFlag} from './flags.js'
import {GuestActionCommand, guestActionFlags, type GuestActionFlags} from './guest-action-command.js'
import type {Services} from './services.js'
import {unlockService} from './wiring/unlock.js'

/** Takes away a lock that was left behind, after a look whether it was. */
export abstract class GuestUnlockCommand extends GuestActionCommand<GuestActionFlags, UnlockChange> {
  static override args = GuestActionCommand.args
  static override flags = {...guestActionFlags, ...nativeFlag}

  protected readonly verb = 'unlock'
  protected readonly past = 'unlocked'
  protected override readonly ask = 'always'
  #looks: ReadonlyMap<number, LockLook> = new Map()

  protected override async examine(
    _services: Services,
    guests: readonly Guest[],
    flags: GuestActionFlags,
  ): Promise<void> {
    const service = await this.use(unlockService)
    const looked = await fanOut(
      guests,
      ({vmid}) => String(vmid),
      (guest) => service.look(guest),
      {parallel: flags.parallel, failFast: false, signal: this.signal},
    )
    const looks = looked.flatMap((result) => (result.ok ? [result.value] : []))
    this.#looks = new Map(looks.map((look) => [look.guest.vmid, look]))
    const [only] = looks
    if (guests.length === 1 && only?.obstacle !== undefined && !flags['dry-run']) this.fail(only.obstacle)
  }

  protected override async confirm(
    guests: readonly Guest[],
    flags: GuestActionFlags,
    selection: boolean,
  ): Promise<void> {
    const locked = guests.filter(({vmid}) => this.#looks.get(vmid)?.lock !== undefined)
    if (!flags.yes) for (const guest of locked) this.note(this.planOf(guest).text)
    if (locked.length > 0) await super.confirm(locked, flags, selection)
  }

  protected async act(_services: Services, guest: Guest): Promise<Result<UnlockChange, Failure>> {
    const service = await this.use(unlockService)
    return service.unlock(guest)
  }

  protected override planOf(guest: Guest): {readonly fields?: object; readonly text: string} {
    const {lock, obstacle} = this.#looks.get(guest.vmid) ?? {}
    if (lock === undefined) return {text: `${guestLabel(guest)} is not locked`}
    return {
      fields: {
        lock,
        meaning: lockMeaning(lock),
        ...(obstacle !== undefined && {refused: {code: obstacle.kind, message: obstacle.message, hint: obstacle.hint}}),
      },
      text:
        obstacle === undefined
          ? `${guestLabel(guest)} is locked (${lock}): ${lockMeaning(lock)}`
          : `${obstacle.message}. ${obstacle.hint ?? ''}`,
    }
  }

  protected override nativeLines({node, type, vmid}: Guest): NativeLine[] {
    return [{node, command: guestCommand(type, 'unlock', [vmid])}]
  }

  protected override sentence(changed: UnlockChange): string {
    return changed.changed
      ? `${guestLabel(changed)} unlocked (it was ${changed.lock ?? 'locked'})`
      : `${guestLabel(changed)} is not locked`
  }
}
