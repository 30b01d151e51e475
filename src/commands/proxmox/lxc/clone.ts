import {GuestCloneCommand} from '../../../cli/guest-clone-command.js'

export default class LxcClone extends GuestCloneCommand {
  static override summary = 'Clone a container or container template.'
  static override description =
    'A running container is cloned from a snapshot only. While a container is cloned it is locked: a second clone of it waits until the first is done.'

  static override hiddenAliases = ['proxmox:ct:clone']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns dns-2',
    '<%= config.bin %> <%= command.id %> dns dns-test --snapshot before-upgrade',
    '<%= config.bin %> <%= command.id %> debian-base web-1 --linked',
    '<%= config.bin %> <%= command.id %> proxy proxy-2 --target pve1 --storage nas',
  ]

  static override args = GuestCloneCommand.args
  protected readonly guestType = 'lxc'
}
