import {Args} from '@oclif/core'
import type {Result} from 'neverthrow'
import {downloadFlags, FileDownloadCommand, type DownloadFlags} from '../../../cli/file-download-command.js'
import {failure, type Failure} from '../../../domain/failure.js'
import {readOciReference} from '../../../domain/oci-reference.js'
import type {DownloadPlan, FileDownloadService} from '../../../services/file-download-service.js'

export default class TemplateDownload extends FileDownloadCommand {
  static override summary = 'Let a node download a container template: of the catalogue, a registry or an address.'
  static override description = `A name means the newest template of the catalogue that it begins: debian-12. An image of an OCI registry (Proxmox VE 9.1) needs its tag; the registry is asked without a login.

${FileDownloadCommand.description}`
  static override args = {
    source: Args.string({
      description: 'Name in the catalogue, oci:REGISTRY/IMAGE:TAG, or https://…',
      required: true,
    }),
  }
  static override flags = downloadFlags
  static override examples = [
    '<%= config.bin %> <%= command.id %> debian-12 --storage nas',
    '<%= config.bin %> <%= command.id %> oci:docker.io/library/nginx:1.27 --node pve1 --storage local',
    '<%= config.bin %> <%= command.id %> https://mirror.lab.example/web.tar.zst --checksum sha256:9f86d0…',
  ]

  protected readonly content = 'vztmpl'

  protected override async plan(
    service: FileDownloadService,
    source: string,
    flags: DownloadFlags,
  ): Promise<Result<DownloadPlan, Failure>> {
    if (/^https?:/i.test(source)) return super.plan(service, source, flags)
    if (flags.name !== undefined || flags.checksum !== undefined || flags['checksum-file'] !== undefined) {
      this.fail(
        failure('usage', '--name and --checksum go with an address to download from', {
          hint: 'What the catalogue has is compared with its own checksum',
        }),
      )
    }

    const {node, storage} = flags
    const image = readOciReference(source)
    return image === undefined
      ? service.planAppliance(source, {node, storage})
      : service.planOci(image, {node, storage})
  }
}
