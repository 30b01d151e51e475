import {err, ok, Result} from 'neverthrow'
import * as z from 'zod/mini'
import type {MachineClass} from '../config/configuration.js'
import {parseChecksum, parseImage, type Checksum} from '../domain/cloud-image.js'
import type {CloudInitSpec} from '../domain/cloud-init.js'
import {isSecretKey, configKind, unknownKey} from '../domain/config-keys.js'
import {parseDiskSpec} from '../domain/disk-spec.js'
import {failure, type Failure} from '../domain/failure.js'
import {wireValue} from '../domain/guest-config.js'
import {parseNetSpec} from '../domain/net-spec.js'
import {parseSize} from '../domain/size.js'
import {startupValue} from '../domain/startup-order.js'
import type {VmHardware} from '../domain/vm-hardware.js'
import type {VmCreateRequest, VmSourceWish} from '../services/vm-create-request.js'
import {defined, guestRequest, mergeAsks, type AskSurroundings} from './guest-create-ask.js'
import {guestSpecFields, specField} from './guest-spec-file.js'

/** A VM in a file, and what a command line says of one; sizes are in bytes. */
export const vmSpec = z.strictObject({
  ...guestSpecFields,
  iso: specField.text,
  image: specField.text,
  imageStorage: specField.text,
  checksum: specField.text,
  empty: specField.flag,
  osType: specField.text,
  machine: specField.text,
  firmware: z.optional(z.enum(['bios', 'uefi'])),
  secureBoot: specField.flag,
  tpm: specField.flag,
  cpu: specField.text,
  sockets: specField.count,
  numa: specField.flag,
  balloon: specField.text,
  disks: specField.list,
  nets: specField.list,
  boot: specField.list,
  scsihw: specField.text,
  vga: specField.text,
  serial: specField.flag,
  agent: specField.flag,
  options: z.optional(z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))),
  cloudInit: z.optional(
    z.strictObject({
      user: specField.text,
      sshKeys: specField.list,
      ip: specField.list,
      gateway: specField.text,
      ip6: specField.list,
      gateway6: specField.text,
      dns: specField.list,
      searchDomain: specField.text,
      custom: specField.list,
      upgrade: specField.flag,
    }),
  ),
})

export type VmAsk = z.infer<typeof vmSpec>

/** What else a request is made of. */
export interface VmAskSurroundings extends AskSurroundings {
  /** Of `--set`; goes before the `options` of a file. */
  readonly options: Readonly<Record<string, string>>
  /** What the flags say; each goes before the same of a file. */
  readonly cloudInit: CloudInitSpec
}

const SOURCES = ['template', 'iso', 'image', 'empty'] as const

/** What is typed goes before what the file says; a source that is typed replaces that of the file. */
export function mergeVmAsks(typed: VmAsk, file: VmAsk): VmAsk {
  return mergeAsks(typed, file, [{typed: SOURCES, file: [...SOURCES, 'checksum']}])
}

/** The request, or a `usage` failure that names the flag. */
export function vmRequest(ask: VmAsk, around: VmAskSurroundings): Result<VmCreateRequest, Failure> {
  return guestRequest('qemu', ask, around).andThen((request) =>
    Result.combine([sourceOf(ask, around.machineClass), hardwareOf(ask, around.options)]).map(([source, hardware]) => ({
      ...request,
      source,
      hardware,
      cloudInit: {...defined(ask.cloudInit ?? {}), ...around.cloudInit},
    })),
  )
}

/** Exactly one; that of the machine class where nothing else is said. */
function sourceOf(ask: VmAsk, machineClass: MachineClass | undefined): Result<VmSourceWish, Failure> {
  const {checksum, empty, image, imageStorage, iso, linked = false, template} = ask
  const given = [template, iso, image, empty === true ? '' : undefined].filter((one) => one !== undefined)
  if (given.length > 1) {
    const words = [template === undefined ? [] : 'TEMPLATE', iso === undefined ? [] : '--iso']
    const both = [...words, image === undefined ? [] : '--image', empty === true ? '--empty' : []].flat()
    return err(
      failure('usage', `a VM is made of one thing, and this names ${both.join(' and ')}`, {
        hint: 'Leave all but one out',
      }),
    )
  }

  const from = given.length === 0 ? {template: machineClass?.template, image: machineClass?.image} : {template, image}
  const onlyFor = (flag: string, what: string): Result<never, Failure> =>
    err(failure('usage', `${flag} goes with ${what}`, {hint: 'Leave it out', details: {field: flag}}))
  if (linked && from.template === undefined) return onlyFor('--linked', 'a template')
  if ((checksum !== undefined || imageStorage !== undefined) && from.image === undefined)
    return onlyFor(checksum === undefined ? '--image-storage' : '--checksum', '--image')
  if (from.template !== undefined) return ok({kind: 'template', template: from.template, linked})
  if (from.image !== undefined) {
    const digest: Result<Checksum | undefined, Failure> =
      checksum === undefined ? ok(undefined) : parseChecksum(checksum)
    return digest
      .andThen((wanted) => parseImage(from.image ?? '', wanted))
      .map((ref) => ({kind: 'image', image: ref, ...(imageStorage !== undefined && {imageStorage})}))
  }

  if (iso !== undefined) return isoOf(iso)
  if (empty === true) return ok({kind: 'empty'})
  return err(
    failure('usage', 'nothing is said about what to make the VM of', {
      hint: 'Name a TEMPLATE, or give --iso VOLUME, --image VOLUME|URL or --empty',
    }),
  )
}

function isoOf(volume: string): Result<VmSourceWish, Failure> {
  return /^[A-Za-z][\w.-]*:iso\/./.test(volume)
    ? ok({kind: 'iso', volume})
    : err(
        failure('usage', `--iso: "${volume}" is not the volume of an ISO`, {
          hint: 'Write local:iso/debian-12.7.0-amd64-netinst.iso',
          details: {field: 'iso', value: volume},
        }),
      )
}

function hardwareOf(ask: VmAsk, typed: Readonly<Record<string, string>>): Result<VmHardware, Failure> {
  const {agent, boot, cpu, description, disks = [], firmware, machine, nets = [], numa, onBoot, osType} = ask
  const {protection, scsihw, secureBoot, serial, sockets, tpm, vga} = ask
  const none = (list: readonly string[]): boolean => list.length === 1 && list[0] === 'none'
  return Result.combine([
    none(disks) ? ok([]) : Result.combine(disks.map((disk) => parseDiskSpec(disk, 'qemu'))),
    none(nets) ? ok([]) : Result.combine(nets.map((net) => parseNetSpec(net, 'qemu'))),
    balloonOf(ask.balloon),
    ask.startup === undefined ? ok(undefined) : startupValue(ask.startup),
    othersOf({...ask.options, ...typed}),
  ]).map(([diskSpecs, netSpecs, balloonBytes, startup, others]) => ({
    disks: diskSpecs,
    nets: netSpecs,
    others,
    ...(none(disks) && {diskless: true}),
    ...(none(nets) && {netless: true}),
    ...defined({agent, balloonBytes, boot, cpu, description, firmware, machine, numa, onBoot, osType, startup}),
    ...defined({display: vga, protection, scsiController: scsihw, secureBoot, serial, sockets, tpm}),
  }))
}

function balloonOf(text: string | undefined): Result<number | undefined, Failure> {
  if (text === undefined) return ok(undefined)
  if (/^(?:off|0)$/i.test(text)) return ok(0)
  return parseSize(text).mapErr((failed) => ({...failed, message: `--balloon: ${failed.message}, nor off`}))
}

/** Options that have no flag; those that decide who the VM is are not among them. */
function othersOf(
  options: Readonly<Record<string, boolean | number | string>>,
): Result<Record<string, string>, Failure> {
  return Result.combine(
    Object.entries(options).map(([key, value]): Result<readonly [string, string], Failure> => {
      if (configKind('qemu', key) === undefined) return err(unknownKey('qemu', key))
      if (key === 'name' || isSecretKey(key)) {
        return err(
          failure('usage', `${key} cannot be set this way`, {
            hint: isSecretKey(key) ? 'Give the password with --password-stdin' : 'It is the NAME',
            details: {field: key},
          }),
        )
      }

      return wireValue('qemu', key, String(value)).map((text) => [key, text] as const)
    }),
  ).map((entries) => Object.fromEntries(entries))
}
