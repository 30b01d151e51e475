import {GuestSshCommand, sshFlags} from '../../../cli/guest-ssh-command.js'

export default class VmSsh extends GuestSshCommand {
  static override summary = 'Log in to a VM with ssh, or run a command there.'
  static override description = `Finds the address as "vm ip" does, and runs your own OpenSSH with its configuration, keys and known hosts. What follows after -- is handed to ssh after the address: its options, and a command. Its exit code becomes ours: that of the command, or 255 where ssh itself failed.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    '<%= config.bin %> <%= command.id %> web --user debian -- -L 8080:localhost:80',
    '<%= config.bin %> <%= command.id %> web --net 1 -- uptime',
    '<%= config.bin %> <%= command.id %> web --dry-run',
  ]

  static override args = GuestSshCommand.args
  static override flags = sshFlags

  protected readonly guestType = 'qemu'
}
