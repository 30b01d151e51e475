import {err, ok, ResultAsync, type Result} from 'neverthrow'
import type {Checksum} from '../domain/cloud-image.js'
import type {CreationDefaults} from '../domain/creation-defaults.js'
import {failure, type Failure} from '../domain/failure.js'
import {readDisk, storageOf} from '../domain/guest-disks.js'
import {guestLabel, guestsCalled, type Guest} from '../domain/guest.js'
import {imageNamed, type CloudImage} from '../domain/image-catalogue.js'
import {parsePropertyString} from '../domain/property-string.js'
import type {TaskReport} from '../domain/task.js'
import {carriedOver, notRebuildable} from '../domain/template-carry-over.js'
import {readProvenance, type Provenance} from '../domain/template-provenance.js'
import {bootDisk} from '../domain/vm-disks.js'
import type {VmHardware} from '../domain/vm-hardware.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {GuestRepository} from '../repositories/guest-repository.js'
import {fanOut, type FanOut, type TargetResult} from './fan-out.js'
import type {FinishStep} from './guest-finish-service.js'
import type {Patience, Timing} from './patience.js'
import {checksumWarnings, type PublishedChecksums} from './published-checksum.js'
import type {ReleaseGate} from './release-gate.js'
import {requireImport} from './template-build-service.js'
import {checksumText, imageOf, type PlacedTemplate, type TemplateImage, type TemplateMaker} from './template-maker.js'
import type {PreviousTemplate, TemplateSuccession} from './template-succession.js'

type Config = Readonly<Record<string, unknown>>

export interface TemplateRefreshRequest {
  /** Names or VMIDs; none: all that were built here. */
  readonly names: readonly string[]
  /** Build anew what is at least so old, though its image is still the same. */
  readonly olderThanMs?: number
  readonly catalogue: readonly CloudImage[]
  readonly imageStorage?: string
  readonly keepImage: boolean
  /** Keep the old template under another name. */
  readonly keepOld: boolean
}

/** Why a template is built anew. */
export type RefreshReason = 'image-changed' | 'too-old'

interface TemplateFacts {
  readonly vmid: number
  readonly name: string
  readonly type: 'qemu'
  readonly node: string
  /** Absent: it is up to date. */
  readonly reason?: RefreshReason
  readonly image: TemplateImage
  /** ISO 8601 UTC. */
  readonly builtAt: string
  readonly warnings?: readonly string[]
}

export interface RefreshedTemplate extends TemplateFacts {
  readonly template: true
  readonly changed: boolean
  /** What it replaces. */
  readonly previous?: PreviousTemplate
  readonly task?: TaskReport
  readonly steps?: readonly FinishStep[]
}

export interface TemplateRefreshPlan extends TemplateFacts {
  readonly dryRun: true
  readonly steps: readonly string[]
}

/** A template that was built here, as it is, and what its image is now. */
interface Judged {
  readonly guest: Guest & {readonly name: string}
  readonly config: Config
  readonly provenance: Provenance
  readonly image: CloudImage
  readonly checksum: Checksum
  readonly reason?: RefreshReason
}

export interface TemplateRefreshParts {
  readonly cluster: ClusterRepository
  readonly guests: GuestRepository
  readonly releases: ReleaseGate
  readonly checksums: PublishedChecksums
  readonly maker: TemplateMaker
  readonly succession: TemplateSuccession
  readonly timing: Timing
}

/** `template refresh`: builds templates anew whose image has changed, or that are too old. The new one is there before the old one goes. */
export class TemplateRefreshService {
  constructor(private readonly parts: TemplateRefreshParts) {}

  /** What would be done; sends only GET requests. */
  plan(
    request: TemplateRefreshRequest,
    manner: FanOut,
  ): ResultAsync<{done: TargetResult<TemplateRefreshPlan>[]; asked: number}, Failure> {
    return this.each(request, manner, async (judged) => {
      if (judged.reason === undefined) return ok({...factsOf(judged), dryRun: true as const, steps: []})
      const placed = await this.parts.maker.prepare(this.orderOf(judged, request))
      return placed.map(({vm}) => ({
        ...factsOf(judged),
        dryRun: true as const,
        steps: [
          ...vm.before,
          vm.making,
          ...vm.after,
          'make a template of it',
          `give it the name ${judged.guest.name}`,
          request.keepOld
            ? `keep VM ${judged.guest.vmid} under another name`
            : `delete VM ${judged.guest.vmid}, or keep it under another name where linked clones need it`,
        ],
      }))
    })
  }

  /** Builds them anew, a few at a time. One that fails leaves its old template as it was. */
  refresh(
    request: TemplateRefreshRequest,
    patience: () => Patience,
    onStart: (judged: {readonly name: string; readonly node: string; readonly reason: RefreshReason}) => void,
    manner: FanOut,
  ): ResultAsync<{done: TargetResult<RefreshedTemplate>[]; asked: number; warnings: readonly string[]}, Failure> {
    const placed: PlacedTemplate[] = []
    const run = async (judged: Judged): Promise<Result<RefreshedTemplate, Failure>> => {
      const {guest, reason} = judged
      if (reason === undefined) return ok({...factsOf(judged), template: true, changed: false})
      const found = await this.parts.maker.prepare(this.orderOf(judged, request))
      if (found.isErr()) return err(found.error)
      placed.push(found.value)
      onStart({name: guest.name, node: guest.node, reason})
      return this.replace(judged, found.value, request, patience())
    }

    return this.each(request, manner, run).andThen((outcome) => {
      const tidied = request.keepImage ? Promise.resolve([]) : this.parts.maker.tidy(placed, patience())
      return new ResultAsync(tidied.then((warnings) => ok({...outcome, warnings})))
    })
  }

  private async replace(
    judged: Judged,
    placed: PlacedTemplate,
    {keepOld}: TemplateRefreshRequest,
    patience: Patience,
  ): Promise<Result<RefreshedTemplate, Failure>> {
    const {guest, provenance, reason} = judged
    const made = await this.parts.maker.make(placed, patience, () => {})
    if (made.isErr()) return err(made.error)
    const old = {guest, provenance, notes: String(judged.config['description'] ?? '')}
    const previous = await this.parts.succession.succeed(old, made.value, keepOld, patience)
    return previous.map(({warnings: kept, ...before}) => {
      const {builtAt, image, node, steps, task, vmid, warnings = []} = made.value
      const all = [...checksumWarnings(judged.image), ...warnings, ...kept]
      return {
        ...{vmid, name: guest.name, type: 'qemu', node, template: true, changed: true, image, builtAt, task, steps},
        ...(reason !== undefined && {reason}),
        previous: before,
        ...(all.length > 0 && {warnings: all}),
      }
    })
  }

  private orderOf({checksum, config, guest, image}: Judged, {imageStorage}: TemplateRefreshRequest) {
    return {
      ...{image, checksum, node: guest.node, name: temporaryName(guest.name)},
      layers: {asked: creationLike(guest, config), nodeDefaults: {}, defaults: {}},
      hardware: hardwareLike(config),
      notes: String(config['description'] ?? ''),
      carry: (fresh: Config) => carriedOver(config, fresh),
      ...(imageStorage !== undefined && {imageStorage}),
    }
  }

  /** Does something with each template that is asked for and was built here. */
  private each<T>(
    request: TemplateRefreshRequest,
    manner: FanOut,
    act: (judged: Judged) => Promise<Result<T, Failure>>,
  ): ResultAsync<{done: TargetResult<T>[]; asked: number}, Failure> {
    const {cluster, releases} = this.parts
    return requireImport(releases)
      .andThen(() => cluster.resources('vm'))
      .andThen(({guests}) => choose(guests, request.names))
      .andThen((templates) => new ResultAsync(this.readAll(templates, request, manner)))
      .map(async (found) => {
        const done = await fanOut(
          found,
          ({guest}) => `${guest.name ?? guest.vmid} on ${guest.node}`,
          async ({look}) => {
            const judged = look.isErr() ? err(look.error) : await this.judge(look.value, request, manner.signal)
            return judged.isErr() ? err(judged.error) : act(judged.value)
          },
          manner,
        )
        return {done, asked: found.length}
      })
  }

  /** Their notes; what was not built here is left out where nobody named it. */
  private async readAll(templates: readonly Guest[], {names}: TemplateRefreshRequest, manner: FanOut) {
    const read = await fanOut(
      templates,
      ({vmid}) => String(vmid),
      async (guest) => this.parts.guests.config(guest),
      {...manner, failFast: false},
    )
    const found: {guest: Guest; look: Result<Pick<Judged, 'config' | 'guest' | 'provenance'>, Failure>}[] = []
    for (const [index, result] of read.entries()) {
      const guest = templates[index] as Guest
      if (!result.ok) {
        found.push({guest, look: err(result.error)})
        continue
      }

      const provenance = readProvenance(String(result.value['description'] ?? ''))
      const own = provenance?.vmid === guest.vmid && provenance.replacedAt === undefined ? provenance : undefined
      const {name} = guest
      if (own !== undefined && name !== undefined)
        found.push({guest, look: ok({guest: {...guest, name}, config: result.value, provenance: own})})
      else if (names.length > 0) found.push({guest, look: err(notOurs(guest, provenance))})
    }

    return ok(found)
  }

  private async judge(
    look: Pick<Judged, 'config' | 'guest' | 'provenance'>,
    {catalogue, olderThanMs}: TemplateRefreshRequest,
    signal: AbortSignal | undefined,
  ): Promise<Result<Judged, Failure>> {
    const {config, guest, provenance} = look
    const image = imageNamed(catalogue, provenance.image)
    if (image.isErr()) return err(image.error)
    const checksum = await this.parts.checksums.of(image.value, signal)
    if (checksum.isErr()) return err(checksum.error)
    const isOld = olderThanMs !== undefined && this.parts.timing.now() - Date.parse(provenance.builtAt) >= olderThanMs
    const reason =
      checksumText(checksum.value) === provenance.checksum ? (isOld ? 'too-old' : undefined) : 'image-changed'
    const judged = {...look, image: image.value, checksum: checksum.value}
    if (reason === undefined) return ok(judged)
    if (config['lock'] !== undefined) {
      return err(
        failure('locked', `${guestLabel(guest)} is locked (${String(config['lock'])})`, {
          hint: 'See what runs: homelab proxmox task list',
          details: {vmid: guest.vmid, node: guest.node},
        }),
      )
    }

    return notRebuildable(config)
      .map(() => ({...judged, reason}) as const)
      .mapErr((failed) => ({
        ...failed,
        message: `${guestLabel(guest)} cannot be built anew: ${failed.message}`,
        details: {...failed.details, vmid: guest.vmid, node: guest.node},
      }))
  }
}

function choose(guests: readonly Guest[], names: readonly string[]): Result<Guest[], Failure> {
  const templates = guests.filter(({template, type}) => template && type === 'qemu')
  if (names.length === 0) return ok(templates)
  const chosen = new Map<number, Guest>()
  for (const name of names) {
    const called = guestsCalled(templates, name)
    if (called.length === 0) {
      return err(
        failure('not-found', `there is no template of a VM "${name}"`, {
          hint: 'See: homelab proxmox template list',
          details: {template: name},
        }),
      )
    }

    for (const guest of called) chosen.set(guest.vmid, guest)
  }

  return ok([...chosen.values()])
}

function notOurs(guest: Guest, provenance: Provenance | undefined): Failure {
  const why =
    provenance === undefined
      ? 'its notes do not say that it was built by homelab proxmox template build'
      : provenance.replacedAt === undefined
        ? `it is a copy of VM ${provenance.vmid}, and may hold more than the image`
        : 'a newer one has replaced it'
  return failure('refused', `${guestLabel(guest)} is not built anew: ${why}`, {
    hint: 'Build another one: homelab proxmox template build IMAGE --name NAME',
    details: {reason: 'not-built-here', vmid: guest.vmid, node: guest.node},
  })
}

/** What the new one is called until it takes over. */
function temporaryName(name: string): string {
  const last = name.slice(name.lastIndexOf('.') + 1)
  const stem = last.length > 59 ? name.slice(0, 59 - last.length) : name
  return `${stem.replace(/-+$/, '')}-new`
}

/** Where its disk is and how large, its pool, its bridge. */
function creationLike({pool}: Guest, config: Config): CreationDefaults {
  const key = bootDisk(config)
  const {sizeBytes, volume = ''} = key === undefined ? {} : readDisk('qemu', key, String(config[key]))
  const storage = storageOf(volume)
  const bridge = parsePropertyString(String(config['net0'] ?? '')).get('bridge')
  return {
    ...(storage !== undefined && {storage}),
    ...(sizeBytes !== undefined && {diskBytes: sizeBytes}),
    ...(pool !== undefined && {pool}),
    ...(bridge !== undefined && {bridge}),
  }
}

/** What has to be there from the beginning; all else is set afterwards. */
function hardwareLike(config: Config): Partial<VmHardware> {
  const efi = config['efidisk0'] === undefined ? undefined : parsePropertyString(String(config['efidisk0']))
  return {
    firmware: config['bios'] === 'ovmf' ? 'uefi' : 'bios',
    ...(efi !== undefined && config['bios'] === 'ovmf' && {secureBoot: efi.get('pre-enrolled-keys') === '1'}),
    tpm: config['tpmstate0'] !== undefined,
    ...(config['net0'] === undefined && {netless: true}),
  }
}

function factsOf({guest, image, checksum, provenance, reason}: Judged): TemplateFacts {
  const warnings = checksumWarnings(image)
  const {builtAt} = provenance
  return {
    ...{vmid: guest.vmid, name: guest.name, type: 'qemu', node: guest.node, builtAt},
    ...(reason !== undefined && {reason}),
    image: imageOf({image, checksum}),
    ...(warnings.length > 0 && {warnings}),
  }
}
