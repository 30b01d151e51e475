import {Args, Flags} from '@oclif/core'
import {BaseCommand} from '../../../cli/base-command.js'
import {dryRunFlag, durationFlag, parallelFlags, warningsFlag} from '../../../cli/flags.js'
import {knownImages} from '../../../cli/known-images.js'
import {refreshedText, refreshPlanText, REASONS} from '../../../cli/output/refreshed-template.js'
import {exitCodeOfResults, resultsOf, type Results} from '../../../cli/output/results.js'
import {buildWaitFlags, imageFileFlags} from '../../../cli/template-build-flags.js'
import {templateRefresh} from '../../../cli/wiring/template-build.js'
import {EXIT_CODES} from '../../../domain/failure.js'
import type {RefreshedTemplate, TemplateRefreshPlan} from '../../../services/template-refresh-service.js'

type Outcome = Results<RefreshedTemplate> | Results<TemplateRefreshPlan>

export default class TemplateRefresh extends BaseCommand<Outcome> {
  static override summary = 'Build templates anew whose image has changed, or that are too old.'
  static override description = `All that homelab proxmox template build has made, by what their notes say; or those of the NAMEs, on all nodes. A template is built anew when its publisher names another \
checksum than it was built from, and with --older-than also by its age.

The new one is made under another name on the same node and storage, gets the hardware, the network, the cloud-init values, tags and notes of the old one, and takes over \
its name; it has another VMID. Then the old one is deleted, or kept under a name with its date where linked clones need it. At every moment there is a template of that name. Where \
a step fails, the old one stays what it was. Copies of templates, and templates with more disks or with a password for cloud-init, are not touched.`

  static override strict = false

  static override args = {
    names: Args.string({
      description: 'Templates, by name or VMID; all that were built here by default.',
      required: false,
    }),
  }

  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --older-than 30d',
    '<%= config.bin %> <%= command.id %> ubuntu-24.04 debian-13 --keep-old',
    {
      description: 'What would be built anew, and why',
      command: '<%= config.bin %> <%= command.id %> --older-than 30d --dry-run',
    },
    {
      description: 'Those that are not up to date, for a script',
      command: '<%= config.bin %> <%= command.id %> --dry-run --jq ".results[] | select(.reason).name"',
    },
  ]

  static override flags = {
    'older-than': durationFlag({description: 'Build anew what is at least so old, as 30d.'}),
    'keep-old': Flags.boolean({description: 'Keep old templates, under names with their dates.'}),
    ...imageFileFlags,
    ...buildWaitFlags,
    ...dryRunFlag,
    ...parallelFlags,
    ...warningsFlag,
  }

  async run(): Promise<Outcome> {
    const {argv, flags} = await this.parse(TemplateRefresh)
    const request = {
      names: argv.map(String),
      catalogue: await this.unwrap(knownImages(this.surroundings)),
      keepImage: flags['keep-image'],
      keepOld: flags['keep-old'],
      ...(flags['older-than'] !== undefined && {olderThanMs: flags['older-than']}),
      ...(flags['image-storage'] !== undefined && {imageStorage: flags['image-storage']}),
    }
    const service = await this.use(templateRefresh)
    const manner = {parallel: flags.parallel, failFast: flags['fail-fast'], signal: this.signal}
    if (flags['dry-run']) {
      const {asked, done} = await this.unwrap(service.plan(request, manner))
      this.endWith(exitCodeOfResults(done, asked))
      return this.present(resultsOf(done, asked), {text: refreshPlanText(done)})
    }

    this.progress.start('look at the templates')
    const {asked, done, warnings} = await this.unwrap(
      service.refresh(
        request,
        () => this.patience(flags),
        ({name, node, reason}) => this.note(`${name} on ${node}: ${REASONS[reason]}, building it anew`),
        manner,
      ),
    )
    this.progress.stop()
    const refreshed = done.flatMap((result) => (result.ok ? [result.value] : []))
    const remarks = refreshed.flatMap(({name, node, warnings: own = []}) =>
      own.map((text) => `${name} on ${node}: ${text}`),
    )
    for (const text of [...remarks, ...warnings]) await this.warning(text)
    const {stopped} = this.interruption
    this.endWith(
      stopped === 'interrupted' || stopped === 'terminated' ? EXIT_CODES[stopped] : exitCodeOfResults(done, asked),
    )
    const results = resultsOf(done, asked)
    const tasks = refreshed.flatMap(({steps = [], task}) => [task, ...steps.map((step) => step.task)])
    this.checkWarnings(
      flags,
      tasks.filter((task) => task !== undefined),
      results,
    )
    return this.present(results, {text: refreshedText(done)})
  }
}
