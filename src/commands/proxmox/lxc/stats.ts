import {GuestStatsCommand} from '../../../cli/guest-stats-command.js'

export default class LxcStats extends GuestStatsCommand {
  static override summary = 'Show what containers use of CPU, memory, disk and network, now and over time.'
  static override description =
    'CPU and memory are those of this moment. Rates of network and disk are the mean of the last minute that was measured, so they are missing for what does not run. In a history, a blank is a time in which nothing was measured.'
  static override hiddenAliases = ['proxmox:ct:stats']
  static override args = GuestStatsCommand.args
  static override flags = GuestStatsCommand.flags
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns',
    '<%= config.bin %> <%= command.id %> dns --since day',
    '<%= config.bin %> <%= command.id %> --all --sort memoryUsedBytes:desc',
    "<%= config.bin %> <%= command.id %> -l tag=lab --history --jq '.results[].history'",
  ]

  protected readonly guestType = 'lxc'
}
