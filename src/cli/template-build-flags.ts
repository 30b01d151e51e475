import {Flags} from '@oclif/core'
import {err, ok, type Result} from 'neverthrow'
import type {ContextSettings} from '../config/configuration.js'
import {parseChecksum} from '../domain/cloud-image.js'
import {failure, type Failure} from '../domain/failure.js'
import type {CloudImage} from '../domain/image-catalogue.js'
import type {TemplateBuildRequest} from '../services/template-build-service.js'
import {countFlag, parsedBy, sizeFlag, waitFlags} from './flags.js'
import type {FlagValues} from './list-command.js'
import {textFlag as text, textsFlag as texts} from './text-flags.js'

/** Building takes several tasks: there is nothing to be done without waiting. */
export const buildWaitFlags = {timeout: waitFlags.timeout, 'poll-interval': waitFlags['poll-interval']}

/** What becomes of the downloaded file. */
export const imageFileFlags = {
  'image-storage': text('Storage to download the image to; by default the only one that takes images.', 'STORAGE'),
  'keep-image': Flags.boolean({
    allowNo: true,
    default: false,
    description: 'Leave the downloaded image on its storage; one that lay there before stays anyway.',
  }),
}

/** `all`, or names of nodes with commas. */
const nodesFlag = Flags.custom<'all' | readonly string[]>({
  helpValue: 'all|NODE,…',
  parse: parsedBy((value: string): Result<'all' | readonly string[], Failure> => {
    if (value === 'all') return ok('all')
    const names = value.split(',').map((name) => name.trim())
    return names.every((name) => name !== '')
      ? ok(names)
      : err(failure('usage', `"${value}" names no nodes`, {hint: 'Write all, or pve1,pve2'}))
  }),
})

export const templateBuildFlags = {
  name: text('Name of the template; by default that of the image.', 'NAME'),
  nodes: nodesFlag({
    aliases: ['node'],
    description:
      'Make one on each of these nodes, all of the same name; nodes with the same shared storage need one together. By default one, on the node with the most free memory.',
  }),
  storage: text('Storage for the disk; by default that of the configuration, or the only one for disks.', 'STORAGE'),
  ...imageFileFlags,
  checksum: Flags.string({
    description: 'What the image has to be, instead of what its publisher says: sha256:9f86d0….',
    helpValue: 'ALGORITHM:DIGEST',
  }),
  'disk-size': sizeFlag({description: 'Size of the disk, as 10GiB; by default that of the image.'}),
  cores: countFlag({description: 'CPU cores of what is cloned from it; 2 by default.', max: 128}),
  memory: sizeFlag({description: 'Memory of what is cloned from it, as 4GiB; 2 GiB by default.'}),
  bridge: text('Bridge of its NIC.', 'BRIDGE'),
  pool: text('Resource pool to put it in.', 'POOL'),
  tag: texts('Tag to give it, which clones take over; repeatable.', 'TAG'),
  agent: Flags.boolean({
    allowNo: true,
    default: true,
    description: 'Talk to the QEMU guest agent; where the image brings none, have cloud-init install it.',
  }),
}

/** What is typed, then the defaults of the configuration; but no disk is made larger that nobody asked for. */
export function readTemplateBuild(
  image: CloudImage,
  flags: FlagValues<typeof templateBuildFlags>,
  {defaults, nodes}: Pick<ContextSettings, 'defaults' | 'nodes'>,
): Result<TemplateBuildRequest, Failure> {
  const {agent, bridge, cores, memory, pool, storage, tag} = flags
  const digest = flags.checksum === undefined ? ok(undefined) : parseChecksum(flags.checksum)
  return digest.map((checksum) => ({
    image,
    agent,
    name: flags.name ?? image.name,
    keepImage: flags['keep-image'],
    ...(checksum !== undefined && {checksum}),
    ...(flags.nodes !== undefined && {nodes: flags.nodes}),
    ...(flags['image-storage'] !== undefined && {imageStorage: flags['image-storage']}),
    layers: {
      asked: {
        ...(bridge !== undefined && {bridge}),
        ...(cores !== undefined && {cores}),
        ...(memory !== undefined && {memoryBytes: memory}),
        ...(pool !== undefined && {pool}),
        ...(storage !== undefined && {storage}),
        ...(tag !== undefined && {tags: tag}),
        ...(flags['disk-size'] !== undefined && {diskBytes: flags['disk-size']}),
      },
      defaults: withoutDisk(defaults),
      nodeDefaults: Object.fromEntries(Object.entries(nodes).map(([node, own]) => [node, withoutDisk(own)])),
    },
  }))
}

function withoutDisk({diskBytes: _, ...rest}: ContextSettings['defaults']): ContextSettings['defaults'] {
  return rest
}
