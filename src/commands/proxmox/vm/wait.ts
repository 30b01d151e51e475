import {GuestWaitCommand} from '../../../cli/guest-wait-command.js'

export default class VmWait extends GuestWaitCommand {
  static override summary = 'Wait until VMs run, have an address, answer, or are set up.'
  static override description = `Conditions:
- running, stopped: the state of the VM
- lock-free: nothing keeps it locked: no backup, migration or snapshot
- agent: its guest agent answers
- ip4, ip6: it has such an address, as its agent tells
- tcp:22: its address accepts connections, seen from here
- http:/health: a GET at its address is answered with a status below 400, whatever certificate it shows; http:8080/health, https:/health, https:8443/health likewise
- https://app.lan/health: the same for a whole address, its certificate checked
- cloud-init: cloud-init is done

Exits with 124 when the time is up, and with 10 when a condition can no longer come true: the VM was deleted, its guest agent is switched off, cloud-init reports an error.
A stopped VM is waited for, because somebody may start it.`
  static override args = GuestWaitCommand.args
  static override flags = GuestWaitCommand.flags
  static override examples = [
    '<%= config.bin %> <%= command.id %> web --for agent',
    '<%= config.bin %> <%= command.id %> web --for cloud-init --for tcp:22 --timeout 10m',
    '<%= config.bin %> <%= command.id %> web --for http:8080/health --net 1',
    '<%= config.bin %> <%= command.id %> -l tag=lab --for stopped',
    '<%= config.bin %> <%= command.id %> web --any --for ip4 --for ip6',
  ]

  protected readonly guestType = 'qemu'
}
