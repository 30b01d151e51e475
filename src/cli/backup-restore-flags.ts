import {Flags} from '@oclif/core'
import {err, ok, type Result} from 'neverthrow'
import type {ContextSettings} from '../config/configuration.js'
import {failure, type Failure} from '../domain/failure.js'
import {parseStorageMap} from '../domain/restore-plan.js'
import type {RestoreRequest} from '../services/restore-preparation.js'
import {countFlag, sizeFlag} from './flags.js'
import type {FlagValues} from './list-command.js'
import {memoryCeilingFlag, newcomerOf} from './placement-flags.js'

const MIB = 1024 ** 2

/** As what a backup is restored, and how. */
export const restoreFlags = {
  as: Flags.string({description: 'Name of the restored guest; alone: a copy with a free VMID.', helpValue: 'NAME'}),
  vmid: countFlag({description: 'VMID to restore it under, which must be free.', exclusive: ['in-place'], min: 100}),
  'in-place': Flags.boolean({description: 'Overwrite the guest the backup is of; asks for its name.'}),
  stop: Flags.boolean({description: 'In place: stop the guest first, if it runs.', dependsOn: ['in-place']}),
  'safety-copy': Flags.boolean({
    allowNo: true,
    default: true,
    description: 'In place: back up first what is there; --no-safety-copy does without.',
  }),
  node: Flags.string({description: 'Node for the new guest; by default the best one.', helpValue: 'NODE'}),
  ...memoryCeilingFlag,
  'backup-node': Flags.string({description: 'Node that has the backup, where several do.', helpValue: 'NODE'}),
  storage: Flags.string({
    description: 'Storage for all disks, or OLD:NEW for those of one storage; repeatable.',
    helpValue: 'STORAGE',
    multiple: true,
    multipleNonGreedy: true,
  }),
  start: Flags.boolean({allowNo: true, description: 'Start it then; in place by default if it ran before.'}),
  live: Flags.boolean({description: 'Start a VM at once and restore meanwhile; from backup servers only.'}),
  bandwidth: sizeFlag({description: 'At most so much a second, as 50MiB.'}),
  pool: Flags.string({description: 'Resource pool to put it in.', helpValue: 'POOL'}),
  'keep-network': Flags.boolean({
    allowNo: true,
    description: 'Leave NICs connected; without it those of a copy have the cable pulled.',
    helpGroup: 'OVERRIDES',
  }),
  'keep-mounts': Flags.boolean({
    allowNo: true,
    description: 'Mount directories of the node again, as root@pam; without it a copy has none.',
    helpGroup: 'OVERRIDES',
  }),
  bridge: Flags.string({
    description: 'Connect the NICs to this bridge instead, without their VLANs.',
    helpGroup: 'OVERRIDES',
    helpValue: 'BRIDGE',
  }),
  memory: sizeFlag({description: 'Memory, as 2GiB.', helpGroup: 'OVERRIDES'}),
  cores: countFlag({description: 'CPU cores.', helpGroup: 'OVERRIDES', max: 8192}),
  tag: Flags.string({
    description: 'Tag instead of the saved ones; repeatable.',
    helpGroup: 'OVERRIDES',
    helpValue: 'TAG',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'on-boot': Flags.boolean({
    allowNo: true,
    description: 'Start it with the node; a copy does not, by default.',
    helpGroup: 'OVERRIDES',
  }),
  set: Flags.string({
    description: 'Any other option, by its name in the API, but no disk: description=test; repeatable.',
    helpGroup: 'OVERRIDES',
    helpValue: 'KEY=VALUE',
    multiple: true,
    multipleNonGreedy: true,
  }),
}

export type RestoreFlagValues = FlagValues<typeof restoreFlags>

/** @returns a `usage` failure for flags that make no sense */
export function restoreRequest(
  backup: string,
  flags: RestoreFlagValues,
  context: Pick<ContextSettings, 'defaults' | 'memoryCeiling' | 'nodes'>,
): Result<RestoreRequest, Failure> {
  const storage = parseStorageMap(flags.storage ?? [])
  if (storage.isErr()) return err(storage.error)
  const options: Record<string, string> = {}
  for (const pair of flags.set ?? []) {
    const [, key, value] = /^([a-z][\w-]*)=(.*)$/s.exec(pair) ?? []
    if (key === undefined || value === undefined) {
      return err(
        failure('usage', `--set: "${pair}" is not KEY=VALUE`, {
          hint: 'Write --set description=test',
          details: {field: 'set', value: pair},
        }),
      )
    }

    options[key] = value
  }

  if (flags.memory !== undefined) options['memory'] = String(Math.round(flags.memory / MIB))
  if (flags.cores !== undefined) options['cores'] = String(flags.cores)
  if (flags.tag !== undefined) options['tags'] = flags.tag.flatMap((tag) => tag.split(',')).join(';')
  if (flags['on-boot'] !== undefined) options['onboot'] = flags['on-boot'] ? '1' : '0'
  return ok({
    backup,
    places: flags['backup-node'] === undefined ? {} : {node: flags['backup-node']},
    inPlace: flags['in-place'],
    stop: flags.stop,
    safetyCopy: flags['safety-copy'],
    live: flags.live,
    wish: {storage: storage.value, options, ...(flags.bridge !== undefined && {bridge: flags.bridge})},
    ...(flags.as !== undefined && {name: flags.as}),
    ...(flags.vmid !== undefined && {vmid: flags.vmid}),
    ...(flags.node !== undefined && flags.node !== 'auto' && {node: flags.node}),
    ...newcomerOf(flags, context),
    ...(flags.start !== undefined && {start: flags.start}),
    ...(flags['keep-network'] !== undefined && {keepNetwork: flags['keep-network']}),
    ...(flags['keep-mounts'] !== undefined && {keepMounts: flags['keep-mounts']}),
    ...(flags.pool !== undefined && {pool: flags.pool}),
    ...(flags.bandwidth !== undefined && {bandwidthKib: Math.max(1, Math.floor(flags.bandwidth / 1024))}),
  })
}
