import {Args} from '@oclif/core'

import {SimulatorCommand, simulatorFlags} from '../../../cli/simulator-command.js'
import {type FaultRow, faultRow} from '../../../simulator/faults/fault-row.js'
import {faultsOfInstance} from '../../../simulator/instance/instance.js'

export default class SimulatorFaultClear extends SimulatorCommand<{readonly cleared: readonly FaultRow[]}> {
  static override args = {
    id: Args.string({description: 'Which one, as `simulator fault list` names it; all by default.', ignoreStdin: true}),
  }
  static override description =
    'Nothing goes wrong any more, and what a fault did to the cluster is undone: locks open, storages have room, nodes get their power back.'
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> f2']
  static override summary = 'End faults: one, or all of them.'
  static override flags = simulatorFlags

  override async run(): Promise<{readonly cleared: readonly FaultRow[]}> {
    const {args, flags} = await this.parse(SimulatorFaultClear)
    const {id} = args
    const faults = await this.unwrap(
      faultsOfInstance(this.stateDir, flags.name, {action: 'fault-clear', ...(id !== undefined && {id})}),
    )
    const cleared = faults.map((fault) => faultRow(fault))
    return this.present(
      {cleared},
      {text: cleared.length === 0 ? 'no faults' : `cleared ${cleared.map((fault) => fault.id).join(', ')}`},
    )
  }
}
