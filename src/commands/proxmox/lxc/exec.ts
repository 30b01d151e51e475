import {Flags} from '@oclif/core'
import {runInContainer, wayTo} from '../../../cli/container-shell.js'
import {execFlags, GuestExecCommand, type ExecEnd, type ExecFlags} from '../../../cli/guest-exec-command.js'
import {nodeSsh} from '../../../cli/wiring/node-ssh.js'
import {failure} from '../../../domain/failure.js'
import {guestLabel, type Guest} from '../../../domain/guest.js'

interface LxcExecFlags extends ExecFlags {
  readonly tty?: boolean | undefined
}

export default class LxcExec extends GuestExecCommand<LxcExecFlags> {
  static override summary = 'Run a command in a container, over SSH to its node.'
  static override description = `Proxmox VE has no API for this: OpenSSH logs in to the node of the container as root, and "pct exec" runs the command in it as root, without a shell. Your own ssh is used, with its configuration, keys, agent and known hosts; what the node is called there goes into the context's configuration:

    ssh: {user: root, port: 22, identityFile: ~/.ssh/lab, hosts: {pve1: pve1.lan}}

Without that it is the address by which the cluster knows the node. Another user than root needs sudo for pct there.

stdin, stdout and stderr are the command's own, byte for byte, and its exit code becomes ours, but for 255, which is that of ssh when it fails (exit 3). So the codes of "homelab help exit-codes" may be the command's own: our failures are told apart by "error:" on stderr, and under --json by "error" instead of "exitCode". On a terminal the command gets one too.`

  static override hiddenAliases = ['proxmox:ct:exec']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns -- systemctl status unbound',
    '<%= config.bin %> <%= command.id %> dns -- bash',
    "<%= config.bin %> <%= command.id %> dns --shell -- 'journalctl -n 50 | grep error'",
    'tar c site | <%= config.bin %> <%= command.id %> proxy -- tar x -C /srv',
  ]

  static override args = GuestExecCommand.args
  static override flags = {
    ...execFlags,
    tty: Flags.boolean({
      allowNo: true,
      description: 'Give the command a terminal; the default where stdin and stdout are one.',
    }),
  }

  protected readonly guestType = 'lxc'

  protected async execute(container: Guest, command: readonly string[], flags: LxcExecFlags): Promise<ExecEnd> {
    const {ssh} = await this.settings()
    const target = await this.unwrap((await this.use(nodeSsh(ssh))).target(container.node))
    const {runtime, printsBytes} = this
    const terminal = runtime.stdin.isTTY && runtime.stdout.isTTY && printsBytes
    this.detail(wayTo(container, target))
    const end = await this.unwrap(
      runInContainer(runtime, container, target, {
        command,
        tty: flags.tty ?? (terminal && flags.stdin !== false),
        batch: this.globals['no-input'],
        stdin: flags.stdin === false ? 'none' : 'pass',
        stdout: printsBytes ? 'pass' : 'keep',
        stderr: printsBytes ? 'pass' : 'keep',
        signal: this.signal,
      }),
    )
    if (this.signal.aborted) {
      this.fail(
        failure('interrupted', `interrupted; the command may go on in ${guestLabel(container)}`, {
          hint: `See: homelab proxmox lxc exec ${container.name ?? container.vmid} -- ps -ef`,
        }),
      )
    }

    return printsBytes ? {exitCode: end.exitCode} : end
  }
}
