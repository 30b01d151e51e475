import {Args} from '@oclif/core'
import {BaseCommand} from '../../../cli/base-command.js'
import {dryRunFlag, nativeFlag, parallelFlags, warningsFlag} from '../../../cli/flags.js'
import {knownImages} from '../../../cli/known-images.js'
import {builtTemplatesText, sharedLines, tasksOfTemplate, templatePlanText} from '../../../cli/output/built-template.js'
import {placementLines} from '../../../cli/output/created-guest.js'
import {exitCodeOfResults, resultsOf, type Results} from '../../../cli/output/results.js'
import {buildWaitFlags, readTemplateBuild, templateBuildFlags} from '../../../cli/template-build-flags.js'
import {templateBuild} from '../../../cli/wiring/template-build.js'
import {EXIT_CODES} from '../../../domain/failure.js'
import {imageNamed} from '../../../domain/image-catalogue.js'
import {nativeScript, type NativeLine} from '../../../domain/native-command.js'
import type {BuiltTemplate, TemplatePlan} from '../../../services/template-build-service.js'

type Outcome =
  | BuiltTemplate
  | Results<BuiltTemplate>
  | TemplatePlan
  | readonly TemplatePlan[]
  | {readonly commands: readonly NativeLine[]}

export default class TemplateBuild extends BaseCommand<Outcome> {
  static override summary = 'Build a VM template from the official cloud image of a distribution.'
  static override description = `The checksum is read from the publisher's own list, over HTTPS; the node downloads the image and compares it, makes a VM with a copy of it as its disk, a cloud-init drive, a \
serial console and the guest agent switched on, and turns that into a template. A step that fails leaves nothing behind. Nothing needs SSH. Proxmox VE 8.4.

See homelab proxmox template catalogue for the images, which the configuration can add to. The notes of the template say what it was built from, by which \
homelab proxmox template refresh finds it again.

With --nodes the answer is about several: {"results": […], "summary": {…}}, also for one node.`

  static override args = {
    image: Args.string({description: 'Image of the catalogue, as ubuntu-24.04.', required: true}),
  }

  static override examples = [
    '<%= config.bin %> <%= command.id %> ubuntu-24.04',
    '<%= config.bin %> <%= command.id %> debian-13 --name debian --storage local-lvm --disk-size 10GiB',
    {
      description: 'One on each node, all of one name',
      command: '<%= config.bin %> <%= command.id %> ubuntu-24.04 --nodes all',
    },
    '<%= config.bin %> <%= command.id %> rocky-10 --nodes pve1,pve2 --image-storage nas --keep-image',
    {description: 'What would happen', command: '<%= config.bin %> <%= command.id %> ubuntu-24.04 --dry-run'},
    {
      description: 'As lines for a shell on the node',
      command: '<%= config.bin %> <%= command.id %> ubuntu-24.04 --print-native',
    },
  ]

  static override flags = {
    ...templateBuildFlags,
    ...buildWaitFlags,
    ...dryRunFlag,
    ...nativeFlag,
    ...parallelFlags,
    ...warningsFlag,
  }

  async run(): Promise<Outcome> {
    const {args, flags} = await this.parse(TemplateBuild)
    const image = this.unwrap(imageNamed(await this.unwrap(knownImages(this.surroundings)), args.image))
    const request = this.unwrap(readTemplateBuild(image, flags, await this.settings()))
    const service = await this.use(templateBuild)
    if (flags['print-native']) {
      const commands = await this.unwrap(service.native(request, this.signal))
      return this.present({commands}, {text: nativeScript(commands)})
    }

    if (flags['dry-run']) {
      const plans = await this.unwrap(service.plan(request, this.signal))
      for (const text of new Set(plans.flatMap(({warnings = []}) => warnings))) await this.warning(text)
      const view = {text: templatePlanText(plans)}
      return flags.nodes === undefined
        ? this.present(plans[0] as TemplatePlan, view)
        : this.present<Outcome, never>(plans, view)
    }

    this.progress.start(`build ${request.name}`)
    const {asked, done, warnings} = await this.unwrap(
      service.build(
        request,
        () => this.patience(flags),
        (placement, serves) => {
          for (const line of [...placementLines(placement), ...sharedLines({serves})]) this.note(line)
        },
        {parallel: flags.parallel, failFast: flags['fail-fast'], signal: this.signal},
      ),
    )
    this.progress.stop()
    for (const text of warnings) await this.warning(text)
    const built = done.flatMap((result) => (result.ok ? [result.value] : []))
    for (const one of built) for (const text of one.warnings ?? []) await this.warning(`${one.node}: ${text}`)
    const tasks = built.flatMap((one) => tasksOfTemplate(one))
    const [first] = done
    if (flags.nodes === undefined) {
      if (first?.ok !== true) return this.fail(first?.error ?? this.interruption.asFailure())
      this.checkWarnings(flags, tasks, first.value)
      return this.present(first.value, {text: builtTemplatesText(done)})
    }

    const {stopped} = this.interruption
    this.endWith(
      stopped === 'interrupted' || stopped === 'terminated' ? EXIT_CODES[stopped] : exitCodeOfResults(done, asked),
    )
    const results = resultsOf(done, asked)
    this.checkWarnings(flags, tasks, results)
    return this.present(results, {text: builtTemplatesText(done)})
  }
}
