import {Args} from '@oclif/core'
import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import type {Guest, GuestType} from '../domain/guest.js'
import {BaseCommand} from './base-command.js'
import {durationFlag} from './flags.js'
import {localSink, localSource, type LocalSink, type LocalSource} from './local-file.js'

export const fileFlags = {
  timeout: durationFlag({description: 'Give up after this time (exit 124), 30m by default.'}),
}

export interface FileFlags {
  readonly timeout?: number | undefined
}

/** What is told of a file that was copied, beside the guest. */
export interface CopiedFile {
  readonly bytes: number
  readonly sha256?: string
  readonly via: string
}

const name = Args.string({description: 'Name or VMID.', required: true})

/** Copies one file into a guest. */
export abstract class GuestFilePushCommand extends BaseCommand {
  static override args = {
    name,
    local: Args.string({description: 'File here, or - for stdin.', required: true}),
    remote: Args.string({
      description: 'Whole path in the guest; one that ends with / is a folder.',
      required: true,
    }),
  }

  protected abstract readonly guestType: GuestType

  protected abstract push(guest: Guest, path: string, source: LocalSource, flags: FileFlags): Promise<CopiedFile>

  override async run(): Promise<object> {
    const {args, flags} = await this.parse()
    const local = String(args.local)
    const source = await this.unwrap(localSource(this.runtime, local))
    const path = this.pathIn(String(args.remote), source.name)
    const {guests} = await this.services()
    const guest = await this.unwrap(guests.find(this.guestType, String(args.name)))
    const copied = await this.push(guest, path, source, flags as FileFlags)
    return this.present(
      {...aboutCopy(guest), local, remote: path, ...copied},
      {text: `${copied.bytes} bytes copied to ${path} in ${guest.name ?? guest.vmid}`},
    )
  }

  private pathIn(remote: string, sourceName: string | undefined): string {
    this.unwrap(wholePath(remote))
    if (!/[/\\]$/.test(remote)) return remote
    if (sourceName !== undefined) return `${remote}${sourceName}`
    this.fail(failure('usage', `"${remote}" is a folder, and stdin has no name`, {hint: 'Give the path of a file'}))
  }
}

/** Copies one file out of a guest. */
export abstract class GuestFilePullCommand extends BaseCommand {
  static override args = {
    name,
    remote: Args.string({description: 'Whole path in the guest.', required: true}),
    local: Args.string({description: 'File or folder here, or - for stdout.', required: true}),
  }

  protected abstract readonly guestType: GuestType

  protected abstract pull(guest: Guest, path: string, sink: LocalSink, flags: FileFlags): Promise<CopiedFile>

  override async run(): Promise<object> {
    const {args, flags} = await this.parse()
    const [remote, local] = [String(args.remote), String(args.local)]
    this.unwrap(wholePath(remote))
    if (local === '-' && this.format !== 'table') {
      this.fail(
        failure('usage', 'stdout cannot hold the file and a document', {
          hint: 'leave out --json, or give a file instead of -',
        }),
      )
    }

    const {guests} = await this.services()
    const guest = await this.unwrap(guests.find(this.guestType, String(args.name)))
    const base = remote.split(/[/\\]/).at(-1) ?? ''
    const {sink, path} = await this.unwrap(localSink(this.runtime, local, base))
    this.onClose(() => sink.discard())
    const copied = await this.pull(guest, remote, sink, flags as FileFlags)
    await this.unwrap(sink.commit())
    const text = local === '-' ? '' : `${copied.bytes} bytes copied to ${path}`
    return this.present({...aboutCopy(guest), remote, local: path, ...copied}, {text})
  }
}

/** The agent's working folder is no place that anybody means. */
function wholePath(path: string): Result<string, Failure> {
  return /^(?:\/|[A-Za-z]:[/\\])/.test(path)
    ? ok(path)
    : err(failure('usage', `"${path}" is no whole path in the guest`, {hint: 'begin it at the root, as /etc/hosts'}))
}

function aboutCopy({vmid, name: called, type, node}: Guest): object {
  return {vmid, ...(called !== undefined && {name: called}), type, node}
}
