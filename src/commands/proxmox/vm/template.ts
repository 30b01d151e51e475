import {GuestTemplateCommand} from '../../../cli/guest-template-command.js'

export default class VmTemplate extends GuestTemplateCommand {
  static override summary = 'Make templates of VMs, for good.'

  static override examples = [
    '<%= config.bin %> <%= command.id %> ubuntu-24.04',
    '<%= config.bin %> <%= command.id %> ubuntu-24.04 --yes',
  ]

  protected readonly guestType = 'qemu'
}
