import {SimulatorCommand, simulatorFlags, type SimulatorRow} from '../../cli/simulator-command.js'
import {failure} from '../../domain/failure.js'
import {instanceStatus} from '../../simulator/instance/instance.js'

export default class SimulatorStatus extends SimulatorCommand<SimulatorRow> {
  static override description =
    'A simulator that crashed was killed without `simulator stop`; start it, and it goes on.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --name test --json',
  ]
  static override flags = simulatorFlags
  static override summary = 'Show whether a simulator runs, and where.'

  override async run(): Promise<SimulatorRow> {
    const {flags} = await this.parse(SimulatorStatus)
    const {name} = flags
    const {record, state} = await this.unwrap(instanceStatus(this.stateDir, name))
    if (record === undefined || state === 'unknown') {
      return this.fail(
        failure('not-found', `there is no simulator ${name}`, {hint: `homelab simulator start --name ${name}`}),
      )
    }

    const row = await this.simulatorRow(record, state)
    return this.present(row, {
      text: `${name}: ${state}${state === 'running' ? ` at ${row.url}` : ''}, fixture ${row.fixture}`,
    })
  }
}
