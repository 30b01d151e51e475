import {Args, Flags} from '@oclif/core'
import {BaseCommand} from '../../../cli/base-command.js'
import {countFlag, dryRunFlag, sizeFlag, waitFlags, warningsFlag} from '../../../cli/flags.js'
import {createdVmText, placementLines} from '../../../cli/output/created-vm.js'
import {vmCreate} from '../../../cli/wiring/vm-create.js'
import type {CreatedVm, VmCreatePlan, VmCreateStarted} from '../../../services/vm-create-report.js'
import type {VmCreateRequest} from '../../../services/vm-create-request.js'

export default class VmCreate extends BaseCommand<CreatedVm | VmCreatePlan | VmCreateStarted> {
  static override summary = 'Create a VM from a template.'
  static override description =
    'Clones TEMPLATE to a VMID that nobody else gets, on the node with the most free memory or on the one you name, and waits until it is done.'

  static override args = {
    name: Args.string({description: 'Name of the new VM.', required: true}),
    template: Args.string({description: 'Template to clone, by name or VMID.', required: true}),
  }

  static override examples = [
    '<%= config.bin %> <%= command.id %> web ubuntu-22.04',
    '<%= config.bin %> <%= command.id %> web ubuntu-22.04 --node pve2 --cores 4 --memory 8GiB --disk-size 40GiB --start',
    {
      description: 'The VMID alone, for a script',
      command: '<%= config.bin %> <%= command.id %> web ubuntu-22.04 --jq .vmid',
    },
    {description: 'What would happen', command: '<%= config.bin %> <%= command.id %> web ubuntu-22.04 --dry-run'},
  ]

  static override flags = {
    node: Flags.string({
      description: 'Node to create it on, or "auto" for the best one.',
      default: 'auto',
      helpValue: 'NODE',
    }),
    storage: Flags.string({
      description: 'Storage for the disks; by default where those of the template are.',
      helpValue: 'STORAGE',
    }),
    linked: Flags.boolean({
      description: 'Share the disks of the template instead of copying them.',
      exclusive: ['storage'],
    }),
    vmid: countFlag({description: 'VMID to use; taken means exit 6. By default a free one.', min: 0}),
    pool: Flags.string({description: 'Resource pool to put it in.', helpValue: 'POOL'}),
    tag: Flags.string({
      description: 'Tag to give it; repeatable.',
      helpValue: 'TAG',
      multiple: true,
      multipleNonGreedy: true,
    }),
    description: Flags.string({description: 'Notes.', helpValue: 'TEXT'}),
    cores: countFlag({description: 'CPU cores.', max: 128}),
    memory: sizeFlag({description: 'Memory, as 4GiB.'}),
    'disk-size': sizeFlag({description: 'Size to grow the boot disk to, as 40GiB.'}),
    start: Flags.boolean({description: 'Start it when it is ready.'}),
    'rm-on-failure': Flags.boolean({description: 'Remove it again if a step after the clone fails (exit 11).'}),
    ...waitFlags,
    ...dryRunFlag,
    ...warningsFlag,
  }

  async run(): Promise<CreatedVm | VmCreatePlan | VmCreateStarted> {
    const {args, flags} = await this.parse(VmCreate)
    const context = await this.settings()
    const request: VmCreateRequest = {
      name: args.name,
      template: args.template,
      linked: flags.linked,
      start: flags.start,
      removeOnFailure: flags['rm-on-failure'],
      ...(flags.node !== 'auto' && {node: flags.node}),
      ...(flags.vmid !== undefined && {vmid: flags.vmid}),
      ...(flags.storage !== undefined && {storage: flags.storage}),
      ...(flags.tag !== undefined && {tags: flags.tag}),
      ...(flags.pool !== undefined && {pool: flags.pool}),
      ...(flags.description !== undefined && {description: flags.description}),
      ...(flags.cores !== undefined && {cores: flags.cores}),
      ...(flags.memory !== undefined && {memoryBytes: flags.memory}),
      ...(flags['disk-size'] !== undefined && {diskBytes: flags['disk-size']}),
      defaults: context.defaults,
      nodeDefaults: context.nodes,
    }
    const service = await this.use(vmCreate)
    if (flags['dry-run']) {
      const plan = await this.unwrap(service.plan(request))
      return this.present(plan, {
        text: [...placementLines(plan.placement), `VMID ${plan.vmid}`, ...plan.steps].join('\n'),
      })
    }

    const patience = this.patience(flags)
    const tell = (placement: CreatedVm['placement']) => {
      for (const line of placementLines(placement)) this.note(line)
    }
    if (!flags.wait) {
      const started = await this.unwrap(service.begin(request, patience, tell))
      return this.present(started, {text: started.upid})
    }

    this.progress.start(`create ${args.name}`)
    const created = await this.unwrap(service.create(request, patience, tell))
    this.progress.stop()
    for (const text of created.warnings ?? []) await this.warning(text)
    this.checkWarnings(flags, [created.task, ...(created.steps ?? []).flatMap(({task}) => task ?? [])], created)
    return this.present(created, {text: createdVmText(created)})
  }
}
