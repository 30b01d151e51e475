import {Args} from '@oclif/core'
import {BaseCommand} from '../../../cli/base-command.js'
import {containerFlags, containerRequest} from '../../../cli/container-create-flags.js'
import {dryRunFlag, waitFlags, warningsFlag} from '../../../cli/flags.js'
import {createdContainerText} from '../../../cli/output/created-container.js'
import {placementLines} from '../../../cli/output/created-vm.js'
import {containerCreate} from '../../../cli/wiring/container-create.js'
import type {ContainerPlan, ContainerStarted, CreatedContainer} from '../../../services/container-create-service.js'

export default class LxcCreate extends BaseCommand<ContainerPlan | ContainerStarted | CreatedContainer> {
  static override summary = 'Create a container from a template or an OCI image.'
  static override description = `TEMPLATE is a file on a storage: its volume (local:vztmpl/…), its name, or the beginning of its name in whole words, as debian-12 for
debian-12-standard_12.7-1_amd64.tar.zst; of several versions the newest counts, and words that fit several templates are refused.
The container is unprivileged, with one network card that asks for its address by DHCP, unless you say otherwise.`
  static override hiddenAliases = ['proxmox:ct:create']
  static override args = {
    name: Args.string({description: 'Name of the new container.', required: true}),
    template: Args.string({description: 'Container template to make it of.', required: false}),
  }

  static override examples = [
    '<%= config.bin %> <%= command.id %> dns debian-12 --start',
    '<%= config.bin %> <%= command.id %> dns debian-12 --node pve2 --ip 192.0.2.53/24 --gateway 192.0.2.1 --dns 192.0.2.1',
    '<%= config.bin %> <%= command.id %> files debian-12 --memory 2GiB --mount nas:200GiB,mp=/srv/files,backup',
    {
      description: 'A template that has to be fetched first, with your SSH key',
      command: '<%= config.bin %> <%= command.id %> cache alpine-3.20 --download --ssh-key ~/.ssh/id_ed25519.pub',
    },
    {
      description: 'From an OCI image (Proxmox VE 9.1 and later)',
      command: '<%= config.bin %> <%= command.id %> web --oci docker.io/library/nginx:1.27',
    },
    {
      description: "Root's password from a password manager",
      command: 'pass show dns | <%= config.bin %> <%= command.id %> dns debian-12 --password-stdin',
    },
    {description: 'What would happen', command: '<%= config.bin %> <%= command.id %> dns debian-12 --dry-run'},
  ]

  static override flags = {...containerFlags, ...waitFlags, ...dryRunFlag, ...warningsFlag}

  async run(): Promise<ContainerPlan | ContainerStarted | CreatedContainer> {
    const {args, flags} = await this.parse(LxcCreate)
    const {prompt, runtime, signal} = this
    const request = await this.unwrap(containerRequest(args, flags, await this.settings(), {prompt, runtime, signal}))
    const service = await this.use(containerCreate)
    if (flags['dry-run']) {
      const plan = await this.unwrap(service.plan(request))
      return this.present(plan, {
        text: [...placementLines(plan.placement), `VMID ${plan.vmid}`, ...plan.steps].join('\n'),
      })
    }

    const patience = this.patience(flags)
    const tell = (placement: CreatedContainer['placement']) => {
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
    return this.present(created, {text: createdContainerText(created)})
  }
}
