import {Args} from '@oclif/core'
import {failure} from '../domain/failure.js'
import {BaseCommand} from './base-command.js'

/** A word that people look for because the other kind of guest has it: says why there is none, and what to do instead. */
export abstract class UnavailableCommand extends BaseCommand {
  static override hidden = true
  static override strict = false
  static override args = {name: Args.string({description: 'Names or VMIDs.', required: false})}

  protected abstract readonly why: string
  protected abstract readonly instead: string

  override async run(): Promise<never> {
    await this.parse()
    return this.fail(failure('not-supported', this.why, {hint: this.instead}))
  }
}
