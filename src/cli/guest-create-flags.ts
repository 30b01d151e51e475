import {Flags, type Interfaces} from '@oclif/core'
import {countFlag, dryRunFlag, nativeFlag, parallelFlags, waitFlags, warningsFlag} from './flags.js'
import {ceilingOf, memoryCeilingFlag} from './placement-flags.js'
import {textFlag as text, textsFlag as texts} from './text-flags.js'
import {waitForFlag} from './wait-for-flag.js'

/** What a command that creates guests is told, whichever kind they are of. */
export const guestCreateFlags = {
  linked: Flags.boolean({
    description: 'Share the disks of the template instead of copying them.',
    exclusive: ['storage'],
    helpGroup: 'SOURCE',
  }),
  class: text('Machine class of the configuration, whose values go before the defaults.', 'CLASS', 'SOURCE'),
  file: Flags.string({
    char: 'f',
    description: 'Description of the guest in YAML or JSON, or - for stdin; what is typed goes before it.',
    helpGroup: 'SOURCE',
    helpValue: 'FILE',
  }),
  node: Flags.string({
    description: 'Node to create it on, or "auto" for the best one.',
    default: 'auto',
    helpValue: 'NODE',
  }),
  storage: text(
    'Storage for the disks; by default where those of the template are, or the only one for disks.',
    'STORAGE',
  ),
  vmid: countFlag({description: 'VMID to use; taken means exit 6. By default a free one.', min: 0}),
  count: countFlag({
    description: 'Make so many, called NAME-1, NAME-2, …; all or none, as far as one can know before.',
    max: 100,
  }),
  ...memoryCeilingFlag,
  pool: text('Resource pool to put it in.', 'POOL'),
  tag: texts('Tag to give it; repeatable.', 'TAG'),
  description: text('Notes.', 'TEXT'),
  'on-boot': Flags.boolean({allowNo: true, description: 'Start it with the node.'}),
  startup: text('Place in the order of starts: order=2,up=30,down=60.', 'ORDER'),
  protection: Flags.boolean({allowNo: true, description: 'Refuse to delete it or its disks.'}),
  start: Flags.boolean({description: 'Start it when it is ready.'}),
  'rm-on-failure': Flags.boolean({description: 'Remove it again if a step after its creation fails (exit 11).'}),
}

/** How the command goes about it. */
export const creationFlags = {
  ...waitFlags,
  ...waitForFlag,
  ...dryRunFlag,
  ...nativeFlag,
  ...parallelFlags,
  ...warningsFlag,
}

type Optional<T, K extends keyof T> = undefined extends T[K] ? K : boolean extends T[K] ? K : never
type Values<T> = {readonly [K in keyof T as Exclude<K, Optional<T, K>>]: T[K]} & {
  readonly [K in keyof T as Optional<T, K>]?: T[K] | undefined
}

/** What flags are after parsing: those that were not given may be absent, and so may switches, whatever oclif says of them. */
export type FlagValues<F> = F extends Interfaces.FlagInput<infer T> ? Values<T> : never
export type GuestCreateFlags = FlagValues<typeof guestCreateFlags>
export type CreationFlags = Interfaces.InferredFlags<typeof creationFlags>

/** What was typed, under the names that a file has for it. A switch that was not typed does not switch off what the file says. */
export function askOfGuestFlags(name: string | undefined, flags: GuestCreateFlags) {
  const {count, description, linked, node, pool, protection, start, startup, storage, tag, vmid} = flags
  return {
    ...{
      name,
      memoryCeiling: ceilingOf(flags),
      class: flags.class,
      vmid,
      count,
      storage,
      pool,
      description,
      startup,
      protection,
      tags: tag,
    },
    ...{node: node === 'auto' ? undefined : node, onBoot: flags['on-boot']},
    ...{linked: linked || undefined, start: start || undefined, rmOnFailure: flags['rm-on-failure'] || undefined},
  }
}
