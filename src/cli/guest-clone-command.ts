import {Args, Flags} from '@oclif/core'
import type {GuestType} from '../domain/guest.js'
import type {ClonedGuest, ClonePlan, CloneStarted, GuestCloneRequest} from '../services/guest-clone-service.js'
import {BaseCommand} from './base-command.js'
import {countFlag, dryRunFlag, nativeFlag, waitFlags, warningsFlag} from './flags.js'
import type {NativeScript} from './guest-action-command.js'
import {nativeScript} from '../domain/native-command.js'
import {memoryCeilingFlag, newcomerOf} from './placement-flags.js'
import {guestCloneService} from './wiring/clone.js'

type Outcome = ClonedGuest | ClonePlan | CloneStarted | NativeScript

/** Copies a guest, template or not, under a VMID that nobody else gets. */
export abstract class GuestCloneCommand extends BaseCommand<Outcome> {
  static override args = {
    source: Args.string({description: 'Guest or template to clone, by name or VMID.', required: true}),
    name: Args.string({description: 'Name of the clone.', required: true}),
  }

  static override flags = {
    full: Flags.boolean({description: 'Copy the disks: the default.', exclusive: ['linked']}),
    linked: Flags.boolean({
      description: 'Share the disks of the source, which has to be a template, instead of copying them.',
      exclusive: ['storage'],
    }),
    snapshot: Flags.string({description: 'Clone what it was at this snapshot.', helpValue: 'SNAPSHOT'}),
    target: Flags.string({
      description:
        'Node for the clone, or "auto" for the best one; by default that of the source. Another one needs shared storage.',
      helpValue: 'NODE|auto',
    }),
    storage: Flags.string({
      description: 'Storage for the disks; by default where those of the source are.',
      helpValue: 'STORAGE',
    }),
    ...memoryCeilingFlag,
    pool: Flags.string({description: 'Resource pool to put it in.', helpValue: 'POOL'}),
    vmid: countFlag({description: 'VMID to use; taken means exit 6. By default a free one.', min: 0}),
    description: Flags.string({description: 'Notes.', helpValue: 'TEXT'}),
    ...waitFlags,
    ...dryRunFlag,
    ...nativeFlag,
    ...warningsFlag,
  }

  protected abstract readonly guestType: GuestType

  async run(): Promise<Outcome> {
    const {args, flags} = await this.parse(GuestCloneCommand)
    const request: GuestCloneRequest = {
      type: this.guestType,
      source: args.source,
      name: args.name,
      linked: flags.linked,
      ...(flags.snapshot !== undefined && {snapshot: flags.snapshot}),
      ...(flags.target !== undefined && {target: flags.target}),
      ...(flags.storage !== undefined && {storage: flags.storage}),
      ...newcomerOf(flags, await this.settings()),
      ...(flags.pool !== undefined && {pool: flags.pool}),
      ...(flags.vmid !== undefined && {vmid: flags.vmid}),
      ...(flags.description !== undefined && {description: flags.description}),
    }
    const service = await this.use(guestCloneService)
    if (flags['dry-run'] || flags['print-native']) {
      const plan = await this.unwrap(service.plan(request))
      const {commands, linked, name, node, source, vmid} = plan
      if (flags['print-native']) return this.present({commands}, {text: nativeScript(commands)})
      const from = `${source.name ?? source.vmid}${source.snapshot === undefined ? '' : ` at ${source.snapshot}`}`
      const text = `would make a ${linked ? 'linked' : 'full'} clone of ${from} as ${name} (VMID ${vmid}) on ${node}`
      return this.present(plan, {text})
    }

    if (!flags.wait) {
      const started = await this.unwrap(service.begin(request, this.patience(flags)))
      return this.present(started, {text: started.upid})
    }

    this.progress.start(`clone ${args.source} to ${args.name}`)
    const cloned = await this.unwrap(service.clone(request, this.patience(flags)))
    this.progress.stop()
    for (const text of cloned.warnings ?? []) await this.warning(text)
    this.checkWarnings(flags, [cloned.task], cloned)
    const {linked, name, node, source, task, vmid} = cloned
    return this.present(cloned, {
      text: `${name} (${vmid}) on ${node}: ${linked ? 'linked' : 'full'} clone of ${source.name ?? source.vmid}, in ${task.durationSeconds}s`,
    })
  }
}
