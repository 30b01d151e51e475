import {Args} from '@oclif/core'
import type {Result} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type GuestType} from '../domain/guest.js'
import type {DeviceAction, DeviceChange, DeviceFacts, DevicePlan} from '../services/device-changes.js'
import {BaseCommand} from './base-command.js'
import {dryRunFlag, waitFlags, warningsFlag} from './flags.js'
import {changedText, plannedText} from './output/device-change.js'

export const deviceFlags = {...waitFlags, ...dryRunFlag, ...warningsFlag}

export interface DeviceFlags {
  readonly wait: boolean
  readonly timeout?: number | undefined
  readonly 'poll-interval'?: number | undefined
  readonly 'dry-run': boolean
  readonly 'warnings-as-errors': boolean
  readonly yes?: boolean
}

/** What `--dry-run` gives. */
interface PlannedDevice extends DeviceFacts {
  readonly dryRun: true
  readonly action: DeviceAction
  readonly vmid: number
  readonly name?: string
  readonly type: GuestType
  readonly node: string
  readonly key: string
  /** False: it is so already. */
  readonly changes: boolean
  /** The same for a shell on the node. */
  readonly commands: readonly string[]
  readonly warnings: readonly string[]
}

export const guestArg = Args.string({description: 'Name or VMID of the guest.', required: true})
export const diskArg = Args.string({description: 'The disk, by its key: scsi0, mp0, unused0.', required: true})

/** A change of one disk or NIC of one guest: check it by reading, say what is odd, ask where data is lost, do it, and tell what is so now. */
export abstract class DeviceChangeCommand<
  Argv = Record<string, string>,
  Flags extends DeviceFlags = DeviceFlags,
> extends BaseCommand<DeviceChange | PlannedDevice> {
  // oclif collects inherited statics only up to the first class that has none of its own.
  static override baseFlags = BaseCommand.baseFlags

  protected abstract readonly guestType: GuestType

  /** Reads and checks; nothing is changed by it. */
  protected abstract plan(args: Argv, flags: Flags): PromiseLike<Result<DevicePlan, Failure>>

  /** What is asked before it is done; undefined: nothing. */
  protected question(_plan: DevicePlan): string | undefined {
    return undefined
  }

  override async run(): Promise<DeviceChange | PlannedDevice> {
    const parsed = await this.parse()
    const flags = parsed.flags as unknown as Flags
    const plan = await this.unwrap(this.plan(parsed.args as unknown as Argv, flags))
    for (const text of plan.warnings) await this.warning(text)
    if (flags['dry-run']) return this.showPlan(plan)
    await this.confirm(plan, flags)
    if (plan.changes && flags.wait) this.progress.start(`${plan.action} ${plan.key} of ${guestLabel(plan.guest)}`)
    const change = await this.unwrap(plan.carryOut(flags.wait, this.patience(flags)))
    this.progress.stop()
    this.checkWarnings(flags, change.task === undefined ? [] : [change.task], change)
    return this.present(change, {text: changedText(change)})
  }

  private showPlan(plan: DevicePlan): PlannedDevice {
    const {action, changes, commands, facts, guest, key, warnings} = plan
    const {name, node, type, vmid} = guest
    return this.present(
      {
        dryRun: true,
        action,
        vmid,
        ...(name !== undefined && {name}),
        type,
        node,
        key,
        changes,
        ...facts,
        commands,
        warnings,
      },
      {text: plannedText(plan)},
    )
  }

  private async confirm(plan: DevicePlan, flags: Flags): Promise<void> {
    const question = plan.changes ? this.question(plan) : undefined
    if (question === undefined || flags.yes === true) return
    const yes = await this.unwrap(this.prompt.confirm(question, '--yes'))
    if (!yes)
      this.fail(
        failure('refused', `nothing of ${guestLabel(plan.guest)} was changed: the question was answered with no`),
      )
  }
}
