import type {ResultAsync} from 'neverthrow'
import {
  cloudInitFlags,
  readCloudInit,
  type CloudInitFlags,
  type CloudInitWish,
} from '../../../../cli/cloud-init-flags.js'
import {guestActionFlags, type GuestActionFlags} from '../../../../cli/guest-action-command.js'
import {GuestConfigChangeCommand} from '../../../../cli/guest-config-change-command.js'
import {cloudInitService} from '../../../../cli/wiring/cloud-init.js'
import type {Failure} from '../../../../domain/failure.js'
import type {Guest} from '../../../../domain/guest.js'
import type {CloudInitService} from '../../../../services/cloud-init-service.js'
import type {ConfigPlan, ConfigService} from '../../../../services/config-service.js'

type SetFlags = CloudInitFlags & GuestActionFlags

export default class VmCloudinitSet extends GuestConfigChangeCommand<SetFlags> {
  static override summary = 'Set what cloud-init tells VMs: user, keys, password, addresses.'
  static override description =
    'What no flag is about stays as it is; the keys given replace those that are set. An address keeps its gateway where that is still in its network. A running VM has the new values on its cloud-init drive after "cloudinit regenerate", and most guests read them at the next start only.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web --user admin --ssh-key ~/.ssh/id_ed25519.pub',
    '<%= config.bin %> <%= command.id %> web --ip 192.0.2.5/24 --gateway 192.0.2.1 --dns 192.0.2.53 --search lab.example',
    '<%= config.bin %> <%= command.id %> web --ip net0=192.0.2.5/24,gw=192.0.2.1 --ip net1=dhcp --ip6 auto',
    'pass show web | <%= config.bin %> <%= command.id %> web --password-stdin',
    '<%= config.bin %> <%= command.id %> -l tag=lab --ssh-key-agent --ssh-key-url gh:octocat',
    '<%= config.bin %> <%= command.id %> web --cicustom user=local:snippets/web.yml --no-upgrade',
  ]
  static override args = GuestConfigChangeCommand.args
  static override flags = {...guestActionFlags, ...cloudInitFlags}

  protected readonly guestType = 'qemu'
  protected readonly verb = 'set cloud-init of'
  protected readonly past = 'set'
  #service!: CloudInitService
  #wish!: CloudInitWish

  protected async prepare(_configs: ConfigService, flags: SetFlags): Promise<void> {
    const {prompt, runtime, signal} = this
    this.#service = await this.use(cloudInitService)
    this.#wish = await this.unwrap(readCloudInit(flags, {prompt, runtime, signal}))
    await this.unwrap(this.#service.check(this.#wish.spec, this.#wish.password))
  }

  protected plan(_configs: ConfigService, guest: Guest): ResultAsync<ConfigPlan, Failure> {
    return this.#service.plan(guest, this.#wish.spec, this.#wish.password)
  }
}
