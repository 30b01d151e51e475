import {Args, Flags} from '@oclif/core'
import {failure} from '../domain/failure.js'
import type {GuestType} from '../domain/guest.js'
import {shellLine} from '../domain/shell-words.js'
import {sshArguments} from '../domain/ssh-command.js'
import {addressWishFlags, wishFrom, type AddressWishFlags} from './address-flags.js'
import {BaseCommand} from './base-command.js'
import {NO_SSH} from './container-shell.js'
import {dryRunFlag} from './flags.js'
import {execDocument} from './guest-exec-command.js'
import {runProcess} from './run-process.js'
import {addressService} from './wiring/address.js'

export const sshFlags = {
  user: Flags.string({
    char: 'u',
    description: 'Who to log in as; by default whom your ssh configuration names for the address.',
    helpValue: 'NAME',
  }),
  ...addressWishFlags,
  ...dryRunFlag,
}

interface SshFlags extends AddressWishFlags {
  readonly user?: string | undefined
  readonly 'dry-run': boolean
}

/** Your own OpenSSH, at the guest's address. */
export abstract class GuestSshCommand extends BaseCommand {
  static override strict = false
  static override args = {
    name: Args.string({description: 'Name or VMID; what is for ssh follows after --.', required: true}),
  }

  protected abstract readonly guestType: GuestType

  override async run(): Promise<object> {
    const parsed = await this.parse()
    const flags = parsed.flags as unknown as SshFlags
    const [name = '', ...words] = parsed.argv as string[]
    const {user} = flags
    if (user?.startsWith('-'))
      this.fail(failure('usage', `--user: "${user}" is no user`, {hint: 'give a name, as root'}))
    const {guests} = await this.services()
    const addresses = await this.use(addressService)
    const guest = await this.unwrap(guests.find(this.guestType, name))
    const {address, insteadOf} = await this.unwrap(addresses.first(guest, wishFrom(flags)))
    if (insteadOf !== undefined) this.note(`address from the configuration, because: ${insteadOf.message}`)
    const target = {host: address.address, ...(user !== undefined && {user})}
    const args = [...sshArguments(target, {batch: this.globals['no-input'], more: true}), ...words]
    if (flags['dry-run']) {
      const command = ['ssh', ...args]
      return this.present({dryRun: true, vmid: guest.vmid, address, command}, {text: shellLine(command)})
    }

    const shown = this.format === 'table'
    const end = await this.unwrap(
      runProcess(this.runtime, {
        program: 'ssh',
        args,
        stdin: 'pass',
        stdout: shown ? 'pass' : 'keep',
        stderr: shown ? 'pass' : 'keep',
        signal: this.signal,
        missing: NO_SSH,
      }),
    )
    this.endWith(end.exitCode)
    return this.present({...execDocument(guest, end), address}, {text: ''})
  }
}
