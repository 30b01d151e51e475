import {GuestPowerCommand, powerFlags} from './guest-power-command.js'

/** Pulls the plug. */
export abstract class GuestStopCommand extends GuestPowerCommand {
  static override args = GuestPowerCommand.args
  static override flags = powerFlags

  protected readonly verb = 'stop'
  protected readonly past = 'stopped'
  protected override readonly ask = 'selection'
}
