import {durationFlag} from '../../../cli/flags.js'
import {execFlags, GuestExecCommand, type ExecEnd, type ExecFlags} from '../../../cli/guest-exec-command.js'
import {agentService} from '../../../cli/wiring/agent.js'
import type {Guest} from '../../../domain/guest.js'
import {MAX_INPUT_BYTES} from '../../../services/agent-service.js'

interface Flags extends ExecFlags {
  readonly timeout?: number | undefined
}

export default class VmExec extends GuestExecCommand<Flags> {
  static override summary = 'Run a command in a VM through its guest agent.'
  static override description = `The command runs as the agent's user, mostly root, without a terminal and without a shell. What it prints goes out byte for byte once it has ended, and its exit code becomes ours; a signal gives 128 and its number. So the codes of "homelab help exit-codes" may be the command's own: our failures are told apart by "error:" on stderr, and under --json by "error" instead of "exitCode".

stdin is handed on when it is no terminal: up to 64 KiB, and only when all of it is there. Use --no-stdin in loops and where nobody ends it. The agent keeps 16 MiB of each output. Ctrl-C and --timeout end the waiting: the command goes on in the guest, and its process id is printed.

Arguments that are empty or not ASCII reach the command through the guest's /bin/sh, because Proxmox VE would mangle them on the way to the agent.`

  static override examples = [
    '<%= config.bin %> <%= command.id %> web -- uptime',
    "<%= config.bin %> <%= command.id %> web --shell -- 'df -h | grep /var'",
    'tar c site | <%= config.bin %> <%= command.id %> web -- tar x -C /srv',
    '<%= config.bin %> <%= command.id %> web --json --timeout 30s -- systemctl is-active nginx',
  ]

  static override args = GuestExecCommand.args
  static override flags = {
    ...execFlags,
    timeout: durationFlag({
      description: 'Stop waiting after this time (exit 124), 30m by default; the command goes on.',
    }),
  }

  protected readonly guestType = 'qemu'

  protected async execute(vm: Guest, command: readonly string[], flags: Flags): Promise<ExecEnd> {
    const agent = await this.use(agentService)
    const input = await this.stdinBytes(flags, MAX_INPUT_BYTES)
    const wish = {command, ...(input !== undefined && {input})}
    return this.unwrap(agent.exec(vm, wish, this.patience(flags)))
  }
}
