import {failure} from '../domain/failure.js'
import {shellWord} from '../domain/native-command.js'
import {sshArguments, sshLabel} from '../domain/ssh-command.js'
import {BaseCommand} from './base-command.js'
import {NO_SSH} from './container-shell.js'
import {dryRunFlag} from './flags.js'
import {nodeArgument, nodeOf} from './node-argument.js'
import {runProcess} from './run-process.js'
import {nodeSsh} from './wiring/node-ssh.js'

interface Maintenance {
  readonly node: string
  readonly maintenance: boolean
  /** What was run on the node, or would be. */
  readonly command: string
  readonly dryRun?: true
}

/** Tells the HA manager that a node is under maintenance, or no longer; there is no API for it, so OpenSSH takes it to the node. */
export abstract class NodeMaintenanceCommand extends BaseCommand<Maintenance> {
  static override args = nodeArgument
  static override flags = dryRunFlag

  protected abstract readonly on: boolean

  override async run(): Promise<Maintenance> {
    const {args, flags} = await this.parse()
    const node = this.unwrap(await this.use(nodeOf(args)))
    const {ssh} = await this.settings()
    const nodes = await this.use(nodeSsh(ssh))
    const target = await this.unwrap(nodes.maintenanceTarget(node))
    const line = `ha-manager crm-command node-maintenance ${this.on ? 'enable' : 'disable'} ${shellWord(node)}`
    const command = target.user === 'root' ? line : `sudo ${line}`
    const told = {node, maintenance: this.on, command}
    if (flags['dry-run'] === true)
      return this.present(
        {...told, dryRun: true},
        {text: `would run on ${node}, over OpenSSH to ${sshLabel(target)}: ${command}`},
      )
    this.note(`over OpenSSH to ${sshLabel(target)}: ${command}`)
    const end = await this.unwrap(
      runProcess(this.runtime, {
        program: 'ssh',
        args: [...sshArguments(target, {tty: false, batch: this.globals['no-input']}), command],
        stdin: 'none',
        stdout: 'keep',
        stderr: 'keep',
        signal: this.signal,
        missing: NO_SSH,
      }),
    )
    if (end.exitCode !== 0) {
      const said = Buffer.from(end.stderr).toString('utf8').trim()
      this.fail(
        failure(
          end.exitCode === 255 ? 'unreachable' : 'task-failed',
          `the maintenance of ${node} could not be switched: ${said === '' ? `ended with ${end.exitCode}` : said}`,
          {hint: `Try it on ${node}: ${line}`, details: {node, exitCode: end.exitCode}},
        ),
      )
    }

    return this.present(told, {
      text: this.on
        ? `${node} is under maintenance: the HA manager moves its guests elsewhere`
        : `${node} is no longer under maintenance: the HA manager brings its guests back`,
    })
  }
}
