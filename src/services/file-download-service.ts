import {err, ok, type Result, type ResultAsync} from 'neverthrow'
import type {Checksum} from '../domain/cloud-image.js'
import type {ClusterResources} from '../domain/cluster.js'
import {appliancesCalled} from '../domain/appliance.js'
import {downloadedName, nameInUrl, readDownloadUrl, type Compression} from '../domain/download-url.js'
import {failure, type Failure} from '../domain/failure.js'
import {ociFileName, requireTag, type OciReference} from '../domain/oci-reference.js'
import {formatSize} from '../domain/size.js'
import {fileLabel, FILE_KINDS, storedName, type FileContent} from '../domain/volume-file.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {DownloadRepository, UrlFacts} from '../repositories/download-repository.js'
import type {Volume} from '../repositories/node-storage-repository.js'
import type {TemplateRepository} from '../repositories/template-repository.js'
import {volumeId, type ArrivedFile, type FileArrivals} from './file-arrivals.js'
import {choosePlace, type FilePlace, type PlaceWish} from './file-place.js'
import {requireContent, requireOci} from './file-release.js'
import type {Patience, Timing} from './patience.js'
import type {ReleaseGate} from './release-gate.js'
import {fileFrom} from './volume-file-service.js'

export interface UrlWish extends PlaceWish {
  readonly content: FileContent
  readonly url: string
  readonly name?: string
  readonly checksum?: Checksum
  readonly compression?: Compression
  readonly anyCertificate: boolean
  /** Ask the web server for the file's name and size first. */
  readonly preview: boolean
}

/** A download that nothing speaks against, as far as can be read. */
export interface DownloadPlan {
  readonly content: FileContent
  readonly place: FilePlace
  readonly name: string
  readonly volume: string
  /** Where it comes from: an address, a file of the catalogue, an image of a registry. */
  readonly from: string
  /** Of the finished file, where it is known before. */
  readonly sizeBytes?: number
  readonly checksum?: Checksum
  readonly compression?: Compression
  /** It lies there already: nothing has to be done. */
  readonly present?: Volume
  /** What is done, and how its task is known again. */
  readonly task: {readonly type: 'download' | 'ociregistrypull'; readonly start: () => ResultAsync<string, Failure>}
}

export interface DownloadedFile extends ArrivedFile {
  readonly from: string
  /** `verified`: the server has compared it. */
  readonly checksum?: Checksum & {readonly verified: true}
}

export interface FileDownloadParts {
  readonly cluster: ClusterRepository
  readonly downloads: DownloadRepository
  readonly templates: TemplateRepository
  readonly arrivals: FileArrivals
  readonly releases: ReleaseGate
  readonly timing: Timing
}

/** Has nodes download files to their storages. */
export class FileDownloadService {
  constructor(private readonly parts: FileDownloadParts) {}

  /** From an address. Sends only GET requests; the node asks the web server for the file's name and size. */
  async planUrl(wish: UrlWish): Promise<Result<DownloadPlan, Failure>> {
    const {downloads} = this.parts
    const {anyCertificate, checksum, content} = wish
    const url = readDownloadUrl(wish.url)
    if (url.isErr()) return err(url.error)
    const given = wish.name === undefined ? undefined : storedName(content, wish.name)
    if (given?.isErr() === true) return err(given.error)
    const gate = await this.gate(wish)
    if (gate.isErr()) return err(gate.error)
    const place = (await this.resources()).andThen((resources) => choosePlace(content, resources, wish))
    if (place.isErr()) return err(place.error)
    const facts: Result<UrlFacts, Failure> = wish.preview
      ? await downloads.facts(place.value.node, wish.url, anyCertificate)
      : ok({})
    // Not everybody may ask, and the name is in the address as a rule.
    if (facts.isErr() && facts.error.kind !== 'permission') return err(notPreviewed(facts.error))
    const {filename, sizeBytes} = facts.unwrapOr<UrlFacts>({})
    const found = downloadedName(content, filename ?? nameInUrl(url.value) ?? '')
    const name = storedName(content, wish.name ?? found.name)
    if (name.isErr()) return err(name.error)
    const compression = wish.compression ?? found.compression
    if (compression !== undefined) {
      const unpacks = await this.unpacks(content)
      if (unpacks.isErr()) return err(unpacks.error)
    }

    return this.planned({
      content,
      place: place.value,
      name: name.value,
      from: wish.url,
      ...(sizeBytes !== undefined && compression === undefined && {sizeBytes}),
      ...(checksum !== undefined && {checksum}),
      ...(compression !== undefined && {compression}),
      task: {
        type: 'download',
        start: () =>
          downloads.start(place.value.node, place.value.storage, {
            url: wish.url,
            filename: name.value,
            content,
            anyCertificate,
            ...(checksum !== undefined && {checksum}),
            ...(compression !== undefined && {compression}),
          }),
      },
    })
  }

  /** A container template of the catalogue, by a word that means one: `debian-12`. */
  async planAppliance(word: string, wish: PlaceWish): Promise<Result<DownloadPlan, Failure>> {
    const {templates} = this.parts
    const place = (await this.resources()).andThen((resources) => choosePlace('vztmpl', resources, wish))
    if (place.isErr()) return err(place.error)
    const {node, storage} = place.value
    const found = (await templates.offered(node)).andThen((offered) => appliancesCalled(offered, word))
    if (found.isErr()) return err(found.error.kind === 'not-found' ? notOffered(word, found.error) : found.error)
    const file = found.value[0]?.file ?? word
    return this.planned({
      content: 'vztmpl',
      place: place.value,
      name: file,
      from: file,
      task: {type: 'download', start: () => templates.download(node, storage, file)},
    })
  }

  /** An image of a registry, for containers. */
  async planOci(reference: OciReference, wish: PlaceWish): Promise<Result<DownloadPlan, Failure>> {
    const {releases, templates} = this.parts
    const gate = await requireOci(releases)
    if (gate.isErr()) return err(gate.error)
    const place = (await this.resources()).andThen((resources) => choosePlace('vztmpl', resources, wish))
    if (place.isErr()) return err(place.error)
    const {node, storage} = place.value
    const {repository} = reference
    const tag = (await templates.ociTags(node, repository)).andThen((tags) => requireTag(reference, tags))
    if (tag.isErr()) return err(tag.error)
    const name = ociFileName({repository, tag: tag.value})
    return this.planned({
      content: 'vztmpl',
      place: place.value,
      name,
      from: `oci:${repository}:${tag.value}`,
      task: {
        type: 'ociregistrypull',
        // The server adds the extension itself.
        start: () => templates.ociPull(node, storage, `${repository}:${tag.value}`, name.replace(/\.tar$/, '')),
      },
    })
  }

  /** Does it, waits, and looks at what has arrived. */
  async carryOut(plan: DownloadPlan, wait: boolean, patience: Patience): Promise<Result<DownloadedFile, Failure>> {
    const {checksum, from, place, present, sizeBytes, task} = plan
    if (present !== undefined) return ok({...fileFrom(present, place), changed: false, from})
    const {arrivals, timing} = this.parts
    const sinceMs = timing.now()
    const sent = await task.start()
    const upid = sent.isErr() ? await this.recovered(plan, sent.error, sinceMs, patience) : sent
    if (upid.isErr()) return err(upid.error)
    const arrived = await arrivals.finish(
      {...plan, ...(sizeBytes !== undefined && {sizeBytes})},
      upid.value,
      wait,
      patience,
    )
    return arrived.map((file) => ({
      ...file,
      from,
      ...(checksum !== undefined && file.task !== undefined && {checksum: {...checksum, verified: true}}),
    }))
  }

  /** The name of the file is the task's id. */
  private async recovered(
    {name, place, task}: DownloadPlan,
    failed: Failure,
    sinceMs: number,
    patience: Patience,
  ): Promise<Result<string, Failure>> {
    if (failed.kind !== 'outcome-unknown') return err(failed)
    const isOurs = (_log: readonly string[], {id}: {readonly id?: string}) => id === name || decoded(id) === name
    const upid = await this.parts.arrivals.lost({type: task.type, nodes: [place.node], sinceMs, isOurs}, patience)
    return upid === undefined ? err(failed) : ok(upid)
  }

  private async planned(plan: Omit<DownloadPlan, 'volume'>): Promise<Result<DownloadPlan, Failure>> {
    const {arrivals} = this.parts
    const {content, name, place, sizeBytes = 0} = plan
    const whole: DownloadPlan = {...plan, volume: volumeId(content, place, name)}
    const there = await arrivals.there({content, name, place})
    if (there.isErr()) return err(there.error)
    if (there.value !== undefined)
      return isSame(whole, there.value) ? ok({...whole, present: there.value}) : err(inTheWay(whole, there.value))
    const room = await arrivals.room(place, sizeBytes)
    return room.map(() => whole)
  }

  private gate({
    checksum: _,
    compression,
    content,
  }: UrlWish): ResultAsync<void, Failure> | Promise<Result<void, Failure>> {
    return compression === undefined ? requireContent(this.parts.releases, content) : this.unpacks(content)
  }

  private async unpacks(content: FileContent): Promise<Result<void, Failure>> {
    if (content !== 'iso')
      return err(
        failure('usage', `Proxmox VE unpacks ISO images only, no ${FILE_KINDS[content].plural}`, {
          hint: 'Unpack it yourself, and upload it',
        }),
      )
    return this.parts.releases.require('a download that is unpacked', '8.1', 'Unpack it yourself, and upload it')
  }

  private resources(): Promise<Result<ClusterResources, Failure>> {
    return Promise.resolve(this.parts.cluster.resources())
  }
}

/** A template of the catalogue has its version in its name; of any other file the size has to tell, and a checksum is not compared afterwards. */
function isSame({checksum, from, sizeBytes, task}: DownloadPlan, there: Volume): boolean {
  if (task.type === 'download' && !/^https?:/i.test(from)) return true
  return checksum === undefined && sizeBytes !== undefined && there.sizeBytes === sizeBytes
}

function inTheWay({checksum, content, name, place, sizeBytes, volume}: DownloadPlan, there: Volume): Failure {
  const other =
    sizeBytes !== undefined && there.sizeBytes !== undefined && sizeBytes !== there.sizeBytes
      ? `, with ${formatSize(there.sizeBytes)} instead of ${formatSize(sizeBytes)}`
      : checksum === undefined
        ? ''
        : ', and is not compared with a checksum any more'
  return failure('already-exists', `${fileLabel({...place, volume})} exists${other}`, {
    hint: `Take another name (--name), or delete it first: homelab proxmox ${FILE_KINDS[content].topic} delete ${name} --storage ${place.storage}`,
    details: {
      volume,
      ...(there.sizeBytes !== undefined && {sizeBytes: there.sizeBytes}),
      ...(sizeBytes !== undefined && {urlSizeBytes: sizeBytes}),
    },
  })
}

function notPreviewed(failed: Failure): Failure {
  return {
    ...failed,
    kind: failed.kind === 'unexpected' ? 'refused' : failed.kind,
    hint: 'The node asked the web server for the name and size of the file, in vain. Check the address; --no-preview downloads without asking',
    details: {...failed.details, reason: 'preview'},
  }
}

function notOffered(word: string, failed: Failure): Failure {
  return {
    ...failed,
    hint: `${failed.hint === undefined ? '' : `${failed.hint} `}See the catalogue: homelab proxmox template available (a node renews it with: pveam update)`,
    details: {template: word},
  }
}

/** The server percent-encodes what is no plain word in a UPID (reference 2.8). */
function decoded(id: string | undefined): string | undefined {
  return id?.replaceAll(/%([\dA-Fa-f]{2})/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
}
