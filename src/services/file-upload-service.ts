import {err, ok, type Result} from 'neverthrow'
import type {ByteSource} from '../domain/byte-source.js'
import type {Checksum} from '../domain/cloud-image.js'
import {failure, type Failure} from '../domain/failure.js'
import {formatSize} from '../domain/size.js'
import {fileLabel, storedName, type FileContent} from '../domain/volume-file.js'
import type {AccessRepository} from '../repositories/access-repository.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {NodeRepository} from '../repositories/node-repository.js'
import type {Volume} from '../repositories/node-storage-repository.js'
import type {VolumeFileRepository} from '../repositories/volume-file-repository.js'
import {volumeId, type ArrivedFile, type FileArrivals} from './file-arrivals.js'
import {choosePlace, type FilePlace, type PlaceWish} from './file-place.js'
import {digestOf, hashedSource, unreadable} from './hashed-source.js'
import type {Patience, Timing} from './patience.js'
import {requireContent} from './file-release.js'
import type {ReleaseGate} from './release-gate.js'
import {fileFrom} from './volume-file-service.js'

export interface UploadWish extends PlaceWish {
  readonly content: FileContent
  /** As it is called here, or shall be called there. */
  readonly name: string
  readonly sizeBytes: number
  readonly checksum?: Checksum
  /** Put it over one of the same name. */
  readonly overwrite: boolean
  /** Send it even where there seems to be too little room. */
  readonly ignoreSpace: boolean
}

/** An upload that nothing speaks against, as far as can be read. */
export interface UploadPlan {
  readonly content: FileContent
  readonly place: FilePlace
  /** As it will be stored. */
  readonly name: string
  readonly volume: string
  readonly sizeBytes: number
  readonly checksum?: Checksum
  /** What lies there now. */
  readonly before?: Volume
  /** The node that takes it first, where that is known. */
  readonly receiver?: string
}

export interface UploadedFile extends ArrivedFile {
  /** Another file lay there under its name. */
  readonly replaced: boolean
  /** The digest of what was sent; `verified`: the server has compared it with what it got. */
  readonly checksum?: Checksum & {readonly verified: boolean}
}

export interface SendOptions {
  readonly wait: boolean
  /** Read it once before, so that the server can compare its digest. */
  readonly verify: boolean
}

export interface FileUploadParts {
  readonly cluster: ClusterRepository
  readonly nodes: NodeRepository
  readonly access: Pick<AccessRepository, 'permissions'>
  readonly files: VolumeFileRepository
  readonly arrivals: FileArrivals
  readonly releases: ReleaseGate
  readonly timing: Timing
}

const PRIVILEGE = 'Datastore.AllocateTemplate'
/** Between two words on how far it is, in ms. */
const SAY_MS = 100
const TARGET_LINE = /^target file: /

/** Sends files of this machine to storages. */
export class FileUploadService {
  constructor(private readonly parts: FileUploadParts) {}

  /** Chooses the place, and refuses what the server would, or would do badly; sends only GET requests. */
  async plan(wish: UploadWish): Promise<Result<UploadPlan, Failure>> {
    const {arrivals, cluster, files, releases} = this.parts
    const {checksum, content, sizeBytes} = wish
    const name = storedName(content, wish.name)
    if (name.isErr()) return err(name.error)
    if (sizeBytes === 0) return err(nothingToSend(name.value))
    const gate = await requireContent(releases, content)
    if (gate.isErr()) return err(gate.error)
    const resources = await cluster.resources()
    if (resources.isErr()) return err(resources.error)
    const entrances = await files.entrances()
    if (entrances.isErr()) return err(entrances.error)
    const {answering, reachable} = entrances.value
    // What is sent to the node itself need not be passed on.
    const place = choosePlace(content, resources.value, wish, [
      ...(answering === undefined ? [] : [answering]),
      ...reachable,
    ])
    if (place.isErr()) return err(place.error)
    const before = await arrivals.there({content, place: place.value, name: name.value})
    if (before.isErr()) return err(before.error)
    const receiver = reachable.includes(place.value.node) ? place.value.node : answering
    const plan: UploadPlan = {
      content,
      place: place.value,
      name: name.value,
      volume: volumeId(content, place.value, name.value),
      sizeBytes,
      ...(checksum !== undefined && {checksum}),
      ...(before.value !== undefined && {before: before.value}),
      ...(receiver !== undefined && {receiver}),
    }
    const refusal =
      (before.value !== undefined && !wish.overwrite ? inTheWay(plan, before.value) : undefined) ??
      (await this.forbidden(plan)) ??
      (wish.ignoreSpace ? undefined : await this.tooBig(plan))
    return refusal === undefined ? ok(plan) : err(refusal)
  }

  /**
   * Sends it, waits until the server has put it in its place, and looks at it there.
   * @returns a failure after which nothing of it was stored, unless its message says otherwise
   */
  async send(
    plan: UploadPlan,
    source: ByteSource,
    {verify, wait}: SendOptions,
    patience: Patience,
  ): Promise<Result<UploadedFile, Failure>> {
    const {arrivals, files, timing} = this.parts
    const {content, name, place} = plan
    const expected = plan.checksum === undefined && verify ? await this.digest(source, plan) : ok(plan.checksum)
    if (expected.isErr()) return err(expected.error)
    const hashed = hashedSource(source, expected.value, name)
    const sinceMs = timing.now()
    const sent = await files.upload(
      {
        node: place.node,
        storage: place.storage,
        content,
        name,
        source: hashed.source,
        through: plan.receiver ?? place.node,
        ...(expected.value !== undefined && {checksum: expected.value}),
      },
      {signal: patience.signal, onSent: progressOf(plan, patience, timing)},
    )
    // However long it took to get here, the task has its own time.
    const later = {...patience, deadline: patience.deadline + (timing.now() - sinceMs)}
    const upid = sent.isErr() ? await this.recovered(plan, hashed.failure() ?? sent.error, sinceMs, later) : sent
    if (upid.isErr()) return err(upid.error)
    const arrived =
      typeof upid.value === 'string' ? await arrivals.finish(plan, upid.value, wait, later) : ok(upid.value)
    const digest = hashed.digest()
    return arrived.map((file) => ({
      ...file,
      replaced: plan.before !== undefined,
      ...(digest !== undefined && {
        checksum: {...digest, verified: expected.value !== undefined && file.task !== undefined},
      }),
    }))
  }

  private async digest(source: ByteSource, {name}: UploadPlan): Promise<Result<Checksum, Failure>> {
    try {
      return ok(await digestOf(source))
    } catch (error) {
      return err(unreadable(name, error))
    }
  }

  /** When the answer is lost after everything was sent: its task, or the file itself. */
  private async recovered(
    plan: UploadPlan,
    failed: Failure,
    sinceMs: number,
    patience: Patience,
  ): Promise<Result<ArrivedFile | string, Failure>> {
    if (failed.kind === 'interrupted' && failed.details?.['sent'] === false)
      return err({...failed, message: `${failed.message}. Nothing of it was stored`})
    if (failed.kind !== 'outcome-unknown') return err(failed)
    const {arrivals} = this.parts
    const {name, place, receiver} = plan
    const isOurs = async (...[log, task]: Parameters<Parameters<FileArrivals['lost']>[0]['isOurs']>) => {
      const lines = await arrivals.settledLog(log, task, TARGET_LINE, patience)
      return lines.some((line) => TARGET_LINE.test(line) && line.endsWith(`/${name}`))
    }

    const nodes = [...new Set([receiver ?? place.node, place.node])]
    const upid = await arrivals.lost({type: 'imgcopy', nodes, sinceMs, isOurs}, patience)
    if (upid !== undefined) return ok(upid)
    const there = (await arrivals.there(plan)).unwrapOr(undefined)
    const isNew = there !== undefined && (plan.before === undefined || plan.before.createdAt !== there.createdAt)
    if (isNew && there.sizeBytes === plan.sizeBytes) return ok({...fileFrom(there, place), changed: true})
    return err({
      ...failed,
      message: `${failed.message}. Neither its task nor the file was seen, so most likely nothing was stored`,
      hint: `Look at the tasks of ${nodes.join(' and ')} (homelab proxmox task list --node ${nodes[0]}), and send it again`,
    })
  }

  /** Without the privilege the server would refuse it after it has taken it all. */
  private async forbidden({place}: UploadPlan): Promise<Failure | undefined> {
    const path = `/storage/${place.storage}`
    const asked = await this.parts.access.permissions(path)
    const privileges = asked.map((paths) => paths[path]).unwrapOr(undefined)
    if (asked.isErr() || (typeof privileges === 'object' && privileges !== null && PRIVILEGE in privileges))
      return undefined
    return failure('permission', `this login may not upload to storage ${place.storage}`, {
      hint: `The privilege ${PRIVILEGE} is needed on ${path}. A token with privilege separation needs it for itself, besides its user`,
      details: {reason: 'privilege-missing', path, privileges: [PRIVILEGE]},
    })
  }

  /** It needs its size on the storage, and before that on the node that takes it (reference 2.6). */
  private async tooBig(plan: UploadPlan): Promise<Failure | undefined> {
    const {before, place, receiver, sizeBytes} = plan
    const {arrivals, nodes} = this.parts
    const storage = await arrivals.room(place, sizeBytes - (before?.sizeBytes ?? 0))
    if (storage.isErr()) return storage.error
    const root = receiver === undefined ? undefined : (await nodes.rootSpace(receiver)).unwrapOr(undefined)
    if (root?.freeBytes === undefined || receiver === undefined) return undefined
    // A directory on the node's own file system shows the same figures.
    const isSame = receiver === place.node && storage.value.totalBytes === root.totalBytes
    const neededBytes = isSame ? 2 * sizeBytes : sizeBytes
    if (root.freeBytes >= neededBytes) return undefined
    const why = isSame ? 'there twice, while it is copied' : 'in /var/tmp, until it is copied'
    return failure(
      'no-capacity',
      `node ${receiver} has ${formatSize(root.freeBytes)} free on its own file system, and the upload needs ${formatSize(neededBytes)} ${why}`,
      {
        hint: 'Make room, let the node download it instead, or, where /var/tmp is a file system of its own: --ignore-space',
        details: {reason: 'node-full', node: receiver, freeBytes: root.freeBytes, neededBytes},
      },
    )
  }
}

function inTheWay({place, volume}: UploadPlan, before: Volume): Failure {
  const {createdAt, sizeBytes} = before
  const size = sizeBytes === undefined ? '' : ` (${formatSize(sizeBytes)})`
  return failure('already-exists', `${fileLabel({...place, volume})} exists${size}`, {
    hint: 'Put it there under another name with --name NAME, or over it with --force',
    details: {volume, ...(sizeBytes !== undefined && {sizeBytes}), ...(createdAt !== undefined && {createdAt})},
  })
}

function progressOf({name, sizeBytes}: UploadPlan, {onStep}: Patience, timing: Timing): (bytes: number) => void {
  const begun = timing.now()
  let said = 0
  return (bytes) => {
    const now = timing.now()
    if (onStep === undefined || (now - said < SAY_MS && bytes < sizeBytes)) return
    said = now
    const rate = now > begun ? `, ${formatSize(Math.round((bytes / (now - begun)) * 1000))}/s` : ''
    onStep({
      text: `upload ${name}: ${formatSize(bytes)} of ${formatSize(sizeBytes)}${rate}`,
      ...(sizeBytes > 0 && {fraction: bytes / sizeBytes}),
    })
  }
}

/** Never what is meant, and a pipe whose first program failed looks like this. */
function nothingToSend(name: string): Failure {
  return failure('refused', `there is nothing in ${name}: it is empty`, {
    hint: 'Look at the file, or at the program whose output is piped here',
    details: {reason: 'source-empty', name},
  })
}
