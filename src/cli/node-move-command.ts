import {formatSize} from '../domain/size.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import type {MoveManner} from '../domain/move-plan.js'
import {BaseCommand} from './base-command.js'
import {countFlag, waitFlags} from './flags.js'
import {memoryCeilingFlag, policyOf, type PlacementFlags} from './placement-flags.js'
import {surroundingsOf} from './surroundings.js'
import type {DrainSetting} from './wiring/drain.js'

export const nodeMoveFlags = {
  ...memoryCeilingFlag,
  parallel: countFlag({default: 2, description: 'How many guests at a time.', max: 16}),
  timeout: waitFlags.timeout,
  'poll-interval': waitFlags['poll-interval'],
}

/** For commands that move all guests of a node. */
export abstract class NodeMoveCommand<R extends object> extends BaseCommand<R> {
  protected async drainSetting(flags: PlacementFlags): Promise<DrainSetting> {
    const settings = await this.settings()
    const policy = policyOf(flags, settings)
    return {
      surroundings: surroundingsOf(this.runtime, this.config),
      context: settings.name,
      policy,
      ceilingGiven: flags['memory-ceiling'] !== undefined,
    }
  }
}

type Move = Pick<Guest, 'name' | 'type' | 'vmid'> & {
  readonly from: string
  readonly to: string
  readonly manner: MoveManner
  readonly memoryBytes: number
}

/** `  web (VM 101): pve1 -> pve2, online, 2.0 GiB` */
export function moveLine(move: Move): string {
  const memory = move.memoryBytes > 0 ? `, ${formatSize(move.memoryBytes)}` : ''
  return `  ${guestLabel(move)}: ${move.from} -> ${move.to}, ${move.manner}${memory}`
}
