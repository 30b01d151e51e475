import {Flags} from '@oclif/core'

import {SimulatorCommand, simulatorFlags} from '../../cli/simulator-command.js'
import {stopInstance} from '../../simulator/instance/instance.js'

interface Stopped {
  readonly name: string
  /** False when it did not run. */
  readonly stopped: boolean
  readonly purged: boolean
}

export default class SimulatorStop extends SimulatorCommand<Stopped> {
  static override description =
    'Leaves no process and no context behind. Its cluster stays on disk for the next start, unless --purge.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --name test --purge',
  ]
  static override flags = {
    ...simulatorFlags,
    purge: Flags.boolean({default: false, description: 'Remove its cluster and its certificate, too.'}),
  }
  static override summary = 'Stop a simulator.'

  override async run(): Promise<Stopped> {
    const {flags} = await this.parse(SimulatorStop)
    const {name, purge} = flags
    const stopped = await this.unwrap(stopInstance(this.stateDir, name, {purge}))
    await this.removeContextOf(name)
    return this.present({name, stopped, purged: purge}, {text: stopped ? `stopped ${name}` : `${name} was not running`})
  }
}
