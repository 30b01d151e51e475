import {GuestWaitCommand} from '../../../cli/guest-wait-command.js'

export default class LxcWait extends GuestWaitCommand {
  static override summary = 'Wait until containers run, have an address, or answer.'
  static override description = `Conditions:
- running, stopped: the state of the container
- lock-free: nothing keeps it locked: no backup, migration or snapshot
- ip4, ip6: it has such an address
- tcp:53: its address accepts connections, seen from here
- http:/health: a GET at its address is answered with a status below 400, whatever certificate it shows; http:8080/health, https:/health, https:8443/health likewise
- https://app.lan/health: the same for a whole address, its certificate checked

Exits with 124 when the time is up, and with 10 when a condition can no longer come true: the container was deleted.
A stopped container is waited for, because somebody may start it.`
  static override hiddenAliases = ['proxmox:ct:wait']
  static override args = GuestWaitCommand.args
  static override flags = GuestWaitCommand.flags
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns --for tcp:53',
    '<%= config.bin %> <%= command.id %> dns proxy --for ip4 --timeout 1m',
    '<%= config.bin %> <%= command.id %> -l tag=lab --for stopped',
  ]

  protected readonly guestType = 'lxc'
}
