import {Args} from '@oclif/core'
import {chosenOneWay} from '../domain/guest-choice.js'
import {guestNoun, type GuestType} from '../domain/guest.js'
import {tagUses, type TagUse} from '../services/tag-service.js'
import {BaseCommand} from './base-command.js'
import {listFlags, selectorFlag} from './flags.js'

/** Which tags there are, and who bears them. */
export abstract class GuestTagListCommand extends BaseCommand<TagUse[]> {
  static override args = {name: Args.string({description: 'Name or VMID, for the tags of one guest.', required: false})}

  static override flags = {...listFlags, ...selectorFlag}

  protected abstract readonly guestType: GuestType

  override async run(): Promise<TagUse[]> {
    const {args, flags} = await this.parse()
    const {selector} = flags as {selector?: string[]}
    const names = args.name === undefined ? [] : [String(args.name)]
    this.unwrap(chosenOneWay({names, selectors: selector ?? [], all: false}))
    const {guests} = await this.services()
    const chosen =
      args.name === undefined
        ? await this.unwrap(guests.list(this.guestType, selector))
        : [await this.unwrap(guests.find(this.guestType, String(args.name)))]
    return this.present(tagUses(chosen), {
      columns: [
        {key: 'tag'},
        {key: 'count', header: `${guestNoun(this.guestType)}S`.toUpperCase()},
        {key: 'guests', header: 'NAMES'},
      ],
      empty: 'no tags found',
    })
  }
}
