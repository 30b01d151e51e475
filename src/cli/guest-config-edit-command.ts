import {Args} from '@oclif/core'
import {formatConfigText, isEditable, parseConfigText} from '../domain/config-text.js'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type GuestType} from '../domain/guest.js'
import {configDifferences, differenceLines, readConfigValue, type ConfigValues} from '../domain/guest-config.js'
import type {ConfigChange, ConfigPlan, ConfigReading, ConfigWish} from '../services/config-service.js'
import {BaseCommand} from './base-command.js'
import {editText, type EditedText} from './editor.js'
import {confirmFlags, waitFlags} from './flags.js'
import {changedSentence} from './output/changed-config.js'
import type {WaitFlagValues} from './patience.js'
import {configService} from './wiring/config.js'

type EditFlags = WaitFlagValues & {readonly wait: boolean; readonly yes: boolean}

/** Lets a person change a configuration in an editor, and sends what is different. */
export abstract class GuestConfigEditCommand extends BaseCommand<ConfigChange> {
  static override description =
    'The editor is $VISUAL, $EDITOR or vi. What is different is shown and sent after a question, or at once with --yes. A line that is deleted takes its key out. When the configuration was changed by somebody else meanwhile, nothing is sent (exit 6), and the edited text is kept in a file.'

  static override args = {name: Args.string({description: 'Name or VMID.', required: true})}
  static override flags = {...confirmFlags, ...waitFlags}

  protected abstract readonly guestType: GuestType

  override async run(): Promise<ConfigChange> {
    const parsed = await this.parse()
    const flags = parsed.flags as unknown as EditFlags
    const {guests} = await this.services()
    const configs = await this.use(configService)
    const guest = await this.unwrap(guests.find(this.guestType, String(parsed.args.name)))
    const reading = await this.unwrap(configs.read(guest))
    const text = formatConfigText(reading.values, headingFor(reading))
    this.progress.stop()
    const edited = await this.unwrap(editText(text, `${guest.name ?? guest.vmid}.conf`, this.runtime))
    const written = parseConfigText(edited.text)
    if (written.isErr()) return this.fail(kept(written.error, edited))
    const wish = wishFor(reading, written.value)
    if (wish === undefined) return this.#nothingDone(edited, reading)
    const plan = await configs.check(this.guestType, wish).andThen((checked) => configs.planFor(reading, checked))
    if (plan.isErr()) return this.fail(kept(plan.error, edited))
    if (!flags.yes) await this.#confirm(plan.value, edited)
    const changed = await configs.apply(plan.value, {wait: flags.wait}, this.patience(flags))
    if (changed.isErr()) return this.fail(kept(changed.error, edited))
    await edited.discard()
    return this.present(changed.value, {text: changedSentence(changed.value, 'changed')})
  }

  async #confirm({changes, reading}: ConfigPlan, edited: EditedText): Promise<void> {
    for (const line of differenceLines(changes)) this.note(line)
    const lost = changes.filter(({key, after}) => after === undefined && /^unused\d+$/.test(key)).map(({key}) => key)
    if (lost.length > 0) await this.warning(`the disk ${lost.join(', ')} is destroyed with its data`)
    const sure = await this.prompt.confirm(`Change ${guestLabel(reading.guest)} like this?`, '--yes')
    if (sure.isErr()) this.fail(kept(sure.error, edited))
    else if (!sure.value)
      this.fail(kept(failure('refused', 'nothing was changed: the question was answered with no'), edited))
  }

  async #nothingDone(edited: EditedText, {guest}: ConfigReading): Promise<ConfigChange> {
    await edited.discard()
    const {vmid, name, type, node, status} = guest
    return this.present(
      {vmid, ...(name !== undefined && {name}), type, node, status, changed: false, changes: []},
      {text: 'nothing was changed'},
    )
  }
}

function headingFor({guest}: ConfigReading): string[] {
  return [
    `Configuration of ${guestLabel(guest)} on ${guest.node}.`,
    'Lines that begin with # count for nothing. Delete a line to take its key out.',
    'A value of several lines stands below its key, each line indented by two blanks.',
    '',
  ]
}

/** Undefined when what was written means the same as before. */
function wishFor({guest, values}: ConfigReading, written: Readonly<Record<string, string>>): ConfigWish | undefined {
  const before = Object.fromEntries(Object.entries(values).filter(([key]) => isEditable(key)))
  const after: ConfigValues = Object.fromEntries(
    Object.entries(written).map(([key, text]) => [key, readConfigValue(guest.type, key, text) ?? text]),
  )
  const differences = configDifferences(before, after)
  if (differences.length === 0) return undefined
  const set = differences.filter(({key}) => key in written).map(({key}) => [key, written[key] ?? ''])
  return {
    set: Object.fromEntries(set) as Record<string, string>,
    delete: differences.filter(({key}) => !(key in written)).map(({key}) => key),
  }
}

/** The same failure, and where the work of the person is. */
function kept(failed: Failure, {file}: EditedText): Failure {
  const hint = failed.hint === undefined ? '' : `${failed.hint}. `
  return {...failed, hint: `${hint}The edited text is in ${file}`, details: {...failed.details, editedFile: file}}
}
