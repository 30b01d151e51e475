import {Flags} from '@oclif/core'

import {countFlag} from '../../cli/flags.js'
import {speedFlag, SimulatorCommand, simulatorFlags, type SimulatorRow} from '../../cli/simulator-command.js'
import {serveHere} from '../../simulator/instance/foreground.js'
import {instanceTokenSecret, type InstanceRequest, startInstance} from '../../simulator/instance/instance.js'
import type {InstanceRecord} from '../../simulator/instance/instance-files.js'

export default class SimulatorStart extends SimulatorCommand<SimulatorRow> {
  static override description = `Runs in the background, on loopback addresses only, and returns once it answers. A context of its name is added to the user's configuration and becomes the current one when there is none.

One that was stopped goes on where it was, unless --fixture asks for a fresh cluster; one whose process was killed always goes on.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --name test --fixture recorded --speed instant --json',
  ]
  static override flags = {
    ...simulatorFlags,
    port: countFlag({
      description: 'Port of the first node; 0 picks a free one, or that of the last run.',
      max: 65_535,
      min: 0,
    }),
    fixture: Flags.string({
      description:
        'What the cluster holds: demo (three nodes with guests), empty, recorded, recorded-offline-nodes, recorded-cluster, or a JSON file.  [default: demo]',
      helpValue: 'NAME|FILE',
    }),
    'pve-version': Flags.option({options: ['8.4', '9.2'] as const})({
      description: 'Which Proxmox VE it is.  [default: 8.4]',
    }),
    speed: speedFlag({
      description:
        'How many times faster than real time, instant, or stepped (time moves by `simulator advance` alone).  [default: 1]',
    }),
    offline: Flags.string({
      description: 'A node that has just lost its power.',
      helpValue: 'NODE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    foreground: Flags.boolean({description: 'Stay until Ctrl-C instead of running in the background.'}),
    'no-context': Flags.boolean({description: 'Add no context that leads to it.'}),
  }
  static override summary = 'Start a simulated Proxmox VE cluster.'

  override async run(): Promise<SimulatorRow> {
    const {flags} = await this.parse(SimulatorStart)
    const {name} = flags
    const request = {
      fixture: this.fixtureName(flags.fixture),
      offline: flags.offline,
      port: flags.port,
      pveVersion: flags['pve-version'],
      speed: flags.speed,
    }
    const withContext = !flags['no-context']
    if (withContext) await this.checkContextName(name)
    const record = flags.foreground
      ? await this.serve(name, request, withContext)
      : await this.unwrap(startInstance(this.stateDir, name, request))
    if (withContext) await this.keepContext(record, instanceTokenSecret(record))
    const row = await this.simulatorRow(record, 'running')
    const how = row.resumed ? 'goes on' : 'runs'
    return this.present(row, {text: `${name} ${how} at ${row.url}\nfingerprint ${row.fingerprint}`})
  }

  /** Serves in this process, from when the result is printed until a signal or `simulator stop`. */
  private async serve(name: string, request: InstanceRequest, withContext: boolean): Promise<InstanceRecord> {
    const serving = await this.unwrap(serveHere(this.stateDir, name, request))
    this.onClose(async () => {
      const signals = ['SIGINT', 'SIGTERM'] as const
      const listeners = signals.map((signal) => this.runtime.onSignal(signal, () => void serving.stop()))
      await serving.stopped
      for (const off of listeners) off()
      if (withContext) await this.removeContextOf(name)
    })
    return serving.record
  }
}
