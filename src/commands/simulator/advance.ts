import {Args} from '@oclif/core'

import {SimulatorCommand, simulatorFlags, type SimulatorRow} from '../../cli/simulator-command.js'
import {parseDuration} from '../../domain/duration.js'
import {commandInstance} from '../../simulator/instance/instance.js'

export default class SimulatorAdvance extends SimulatorCommand<SimulatorRow> {
  static override args = {
    duration: Args.string({description: 'As 90s, 5m, 2h.', ignoreStdin: true, required: true}),
  }
  static override description =
    'Whatever is due until then happens now, in order: tasks go on, tickets expire, the figures of dead nodes grow old. With --speed stepped time passes in no other way.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> 5m',
    '<%= config.bin %> <%= command.id %> 2h --name test',
  ]
  static override flags = simulatorFlags
  static override summary = 'Let simulated time pass at once.'

  override async run(): Promise<SimulatorRow> {
    const {args, flags} = await this.parse(SimulatorAdvance)
    const milliseconds = this.unwrap(parseDuration(args.duration))
    const record = await this.unwrap(
      commandInstance(this.stateDir, flags.name, {action: 'advance', seconds: milliseconds / 1000}),
    )
    return this.present(await this.simulatorRow(record, 'running'), {text: `${flags.name} is ${args.duration} later`})
  }
}
