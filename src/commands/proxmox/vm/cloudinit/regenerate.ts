import type {Result} from 'neverthrow'
import {GuestActionCommand, guestActionFlags} from '../../../../cli/guest-action-command.js'
import type {Services} from '../../../../cli/services.js'
import {cloudInitService} from '../../../../cli/wiring/cloud-init.js'
import type {Failure} from '../../../../domain/failure.js'
import {guestLabel, type Guest} from '../../../../domain/guest.js'
import type {GuestChange} from '../../../../services/guest-service.js'

export default class VmCloudinitRegenerate extends GuestActionCommand {
  static override summary = 'Make the cloud-init drives of VMs anew, with the values that are set now.'
  static override description =
    'For running VMs whose values were changed; a stopped one gets its drive anew when it starts. Most guests look at it at their next start only.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    '<%= config.bin %> <%= command.id %> -l tag=lab',
  ]
  static override args = GuestActionCommand.args
  static override flags = guestActionFlags

  protected readonly guestType = 'qemu'
  protected readonly verb = 'regenerate the cloud-init drive of'
  protected readonly past = 'regenerated'

  protected async act(_services: Services, guest: Guest): Promise<Result<GuestChange, Failure>> {
    return (await this.use(cloudInitService)).regenerate(guest)
  }

  protected override sentence(changed: GuestChange): string {
    return `the cloud-init drive of ${guestLabel(changed)} on ${changed.node} was made anew`
  }
}
