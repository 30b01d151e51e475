import {formatSize} from '../domain/size.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import type {MoveManner} from '../domain/move-plan.js'
import {BaseCommand} from './base-command.js'
import {countFlag, waitFlags} from './flags.js'
import {surroundingsOf} from './surroundings.js'
import type {DrainSetting} from './wiring/drain.js'

export const nodeMoveFlags = {
  parallel: countFlag({default: 2, description: 'How many guests at a time.', max: 16}),
  timeout: waitFlags.timeout,
  'poll-interval': waitFlags['poll-interval'],
}

/** For commands that move all guests of a node. */
export abstract class NodeMoveCommand<R extends object> extends BaseCommand<R> {
  /** @param localDisks whether disks on storage that is not shared may be copied */
  protected async drainSetting(localDisks: boolean): Promise<DrainSetting> {
    const {name} = await this.settings()
    return {surroundings: surroundingsOf(this.runtime, this.config), context: name, localDisks}
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
