import {Args} from '@oclif/core'
import type {AgentAnswers, AgentQuestion} from '../domain/agent-answer.js'
import type {Guest} from '../domain/guest.js'
import type {AgentService} from '../services/agent-service.js'
import {BaseCommand} from './base-command.js'
import {agentService} from './wiring/agent.js'

/** Something that the guest agent of one VM does or knows. */
export abstract class VmAgentCommand<R extends object = object> extends BaseCommand<R> {
  static override args = {name: Args.string({description: 'Name or VMID.', required: true})}

  protected abstract tell(agent: AgentService, vm: Guest): Promise<R>

  override async run(): Promise<R> {
    const {args} = await this.parse()
    const {guests} = await this.services()
    const agent = await this.use(agentService)
    return this.tell(agent, await this.unwrap(guests.find('qemu', String(args.name))))
  }

  protected about({vmid, name, node}: Guest): {readonly vmid: number; readonly name?: string; readonly node: string} {
    return {vmid, ...(name !== undefined && {name}), node}
  }
}

/** Asks one thing and shows the answer. */
export abstract class VmAgentQuestionCommand<Question extends AgentQuestion> extends VmAgentCommand {
  static override args = VmAgentCommand.args

  protected abstract readonly question: Question

  protected abstract show(answer: AgentAnswers[Question], vm: Guest): object

  protected async tell(agent: AgentService, vm: Guest): Promise<object> {
    return this.show(await this.unwrap(agent.ask(vm, this.question)), vm)
  }
}

/** `fsfreeze freeze` and `thaw`. */
export abstract class VmFreezeCommand extends VmAgentCommand {
  static override args = VmAgentCommand.args

  protected abstract readonly frozen: boolean

  protected async tell(agent: AgentService, vm: Guest): Promise<object> {
    const {frozen} = this
    const done = await this.unwrap(agent.freeze(vm, frozen))
    const state = frozen ? 'frozen' : 'thawed'
    const name = vm.name ?? vm.vmid
    if (frozen) this.note(`nothing in the guest can write until: homelab proxmox vm agent fsfreeze thaw ${name}`)
    return this.present(
      {...this.about(vm), frozen, ...done},
      {text: `the file systems of ${name} are ${state}${done.changed ? '' : ' already'}`},
    )
  }
}
