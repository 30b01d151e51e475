import {GuestPowerCommand, restartFlags} from './guest-power-command.js'

/** Asks the guest itself to start anew. */
export abstract class GuestRebootCommand extends GuestPowerCommand {
  static override args = GuestPowerCommand.args
  static override flags = restartFlags

  protected readonly verb = 'reboot'
  protected readonly past = 'rebooted'
  protected override readonly ask = 'selection'
}
