import {listFlags} from '../../../cli/flags.js'
import {globalFlags} from '../../../cli/global-flags.js'
import {SimulatorCommand, simulatorFlags} from '../../../cli/simulator-command.js'
import {aboutFault, type FaultRow, faultRow} from '../../../simulator/faults/fault-row.js'
import {faultsOfInstance} from '../../../simulator/instance/instance.js'

const columns = [
  {key: 'id', header: 'ID'},
  {key: 'kind'},
  {key: 'state'},
  {key: 'hits', align: 'right'},
  {key: 'matched', align: 'right', default: false},
  {key: 'about'},
] as const

export default class SimulatorFaultList extends SimulatorCommand<FaultRow[]> {
  static override aliases = ['simulator:fault:ls']
  static override baseFlags = {...globalFlags, ...listFlags}
  static override description =
    'A fault that is armed waits for requests or tasks; one that is spent has hit as often as it should; an active one is a state of the cluster.'
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json']
  static override flags = simulatorFlags
  static override summary = 'List what goes wrong, and how often it did.'

  override async run(): Promise<FaultRow[]> {
    const {flags} = await this.parse(SimulatorFaultList)
    const faults = await this.unwrap(faultsOfInstance(this.stateDir, flags.name, {action: 'fault-list'}))
    const rows = faults.map((fault): FaultRow => {
      const row = faultRow(fault)
      const about = aboutFault(row)
      return {...row, ...(about !== '' && {about})}
    })
    return this.present<FaultRow[], FaultRow>(rows, {columns, empty: 'no faults'})
  }
}
