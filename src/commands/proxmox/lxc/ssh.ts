import {GuestSshCommand, sshFlags} from '../../../cli/guest-ssh-command.js'

export default class LxcSsh extends GuestSshCommand {
  static override summary = 'Log in to a container with ssh, or run a command there.'
  static override description = `Finds the address as "lxc ip" does, and runs your own OpenSSH with its configuration, keys and known hosts; the container needs an SSH server ("lxc exec" does without). What follows after -- is handed to ssh after the address: its options, and a command. Its exit code becomes ours: that of the command, or 255 where ssh itself failed.`
  static override hiddenAliases = ['proxmox:ct:ssh']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns --user root',
    '<%= config.bin %> <%= command.id %> dns -- uptime',
  ]

  static override args = GuestSshCommand.args
  static override flags = sshFlags

  protected readonly guestType = 'lxc'
}
