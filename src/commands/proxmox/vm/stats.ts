import {GuestStatsCommand} from '../../../cli/guest-stats-command.js'

export default class VmStats extends GuestStatsCommand {
  static override summary = 'Show what VMs use of CPU, memory, disk and network, now and over time.'
  static override description =
    'CPU and memory are those of this moment. Rates of network and disk are the mean of the last minute that was measured, so they are missing for what does not run. In a history, a blank is a time in which nothing was measured.'
  static override args = GuestStatsCommand.args
  static override flags = GuestStatsCommand.flags
  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    '<%= config.bin %> <%= command.id %> web --since day',
    '<%= config.bin %> <%= command.id %> --all --sort memoryUsedBytes:desc',
    "<%= config.bin %> <%= command.id %> -l tag=lab --history --jq '.results[].history'",
  ]

  protected readonly guestType = 'qemu'
}
