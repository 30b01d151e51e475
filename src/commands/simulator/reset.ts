import {Flags} from '@oclif/core'

import {SimulatorCommand, simulatorFlags, type SimulatorRow} from '../../cli/simulator-command.js'
import {instanceTokenSecret, resetInstance} from '../../simulator/instance/instance.js'

export default class SimulatorReset extends SimulatorCommand<SimulatorRow> {
  static override description = 'Forgets what happened to the cluster. Address, certificate and process stay.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --fixture recorded',
  ]
  static override flags = {
    ...simulatorFlags,
    fixture: Flags.string({description: 'Another fixture than that of its start.', helpValue: 'NAME|FILE'}),
  }
  static override summary = 'Put a running simulator back to its fixture.'

  override async run(): Promise<SimulatorRow> {
    const {flags} = await this.parse(SimulatorReset)
    const {name} = flags
    const record = await this.unwrap(resetInstance(this.stateDir, name, this.fixtureName(flags.fixture)))
    if (await this.hasContext(name)) await this.keepContext(record, instanceTokenSecret(record))
    const row = await this.simulatorRow(record, 'running')
    return this.present(row, {text: `${name} is back to ${row.fixture}`})
  }
}
