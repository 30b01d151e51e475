import {Args, Flags} from '@oclif/core'

import {countFlag, durationFlag, sizeFlag} from '../../../cli/flags.js'
import {SimulatorCommand, simulatorFlags} from '../../../cli/simulator-command.js'
import {describeFault, type FaultRow, faultRow} from '../../../simulator/faults/fault-row.js'
import {FAULT_KINDS, faultSpec} from '../../../simulator/faults/fault-options.js'
import {faultsOfInstance} from '../../../simulator/instance/instance.js'

export default class SimulatorFaultAdd extends SimulatorCommand<FaultRow> {
  static override args = {
    kind: Args.option({options: FAULT_KINDS})({
      description: 'What goes wrong.',
      ignoreStdin: true,
      required: true,
    }),
  }
  static override description = `Requests: fail, drop, delay, truncate hit the first request that matches --method, --path and --node; say --nth, --times or --always for others.
Tasks: task-fail, task-hang, task-warn hit the first task that matches --type, --vmid and --node, at the first thing it would spend time on.
The cluster: lock, storage-full, node-offline, api-down, daemon-down, no-quorum, certificate last until they are cleared.
At once: tickets-expired, node-online.

Faults end with the process and with a reset.`
  static override examples = [
    "<%= config.bin %> <%= command.id %> fail --method POST --path '/nodes/*/qemu/*/clone' --status 500 --text 'got timeout'",
    '<%= config.bin %> <%= command.id %> drop --method POST --when after --nth 2',
    '<%= config.bin %> <%= command.id %> delay --seconds 40s --path /cluster/resources --always',
    "<%= config.bin %> <%= command.id %> task-fail --type qmclone --text 'clone failed: no space left'",
    '<%= config.bin %> <%= command.id %> lock --vmid 100 --lock backup',
    '<%= config.bin %> <%= command.id %> storage-full --storage local-lvm --free 1GiB',
    '<%= config.bin %> <%= command.id %> node-offline --node pve2',
  ]
  static override flags = {
    ...simulatorFlags,
    method: Flags.string({
      description: 'Requests of this method.',
      options: ['GET', 'POST', 'PUT', 'DELETE'],
    }),
    path: Flags.string({
      description: 'Requests below /api2/json with this path: * is one segment, ** any number of them.',
      helpValue: 'PATTERN',
    }),
    node: Flags.string({
      description: 'The node that is asked, that executes the task, or that it is about.',
      helpValue: 'NODE',
    }),
    nth: countFlag({description: 'Hit from the Nth match on, 1 by default.'}),
    times: countFlag({description: 'Hit so many matches, 1 by default.', exclusive: ['always']}),
    always: Flags.boolean({description: 'Hit every match until it is cleared.'}),
    status: countFlag({description: 'HTTP status of a failure, 500 by default.', max: 599, min: 400}),
    text: Flags.string({description: 'What Proxmox VE says about it.', helpValue: 'TEXT'}),
    when: Flags.option({options: ['before', 'after'] as const})({
      description: 'Before the request is acted on (the default), or after it.',
    }),
    seconds: durationFlag({description: 'How long a delay lasts, in real time.'}),
    type: Flags.string({description: 'Tasks of this type, as qmclone.', helpValue: 'TYPE'}),
    vmid: countFlag({description: 'Tasks of this guest, or the guest to lock.', min: 100}),
    lock: Flags.string({description: 'Which lock, backup by default.', helpValue: 'LOCK'}),
    storage: Flags.string({description: 'The storage to fill.', helpValue: 'STORAGE'}),
    free: sizeFlag({description: 'What is left free on it, nothing by default.'}),
  }
  static override summary = 'Make something go wrong.'

  override async run(): Promise<FaultRow> {
    const {args, flags} = await this.parse(SimulatorFaultAdd)
    const {always, free, lock, method, name, node, nth, path, seconds, status, storage, text, times, type, vmid, when} =
      flags
    const options = {
      ...{lock, method, node, nth, path, status, storage, text, type, vmid, when},
      times: always ? ('always' as const) : times,
      seconds: seconds === undefined ? undefined : seconds / 1000,
      freeBytes: free,
    }
    const spec = this.unwrap(faultSpec(args.kind, options))
    const added = await this.unwrap(faultsOfInstance(this.stateDir, name, {action: 'fault-add', spec}))
    const row = faultRow(added[0]!)
    return this.present(row, {text: `${row.id} ${describeFault(row)}`})
  }
}
