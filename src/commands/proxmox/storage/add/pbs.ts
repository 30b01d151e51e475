import {Flags} from '@oclif/core'

import {backupServerPin} from '../../../../cli/backup-server-pin.js'
import {countFlag} from '../../../../cli/flags.js'
import {StorageAddCommand} from '../../../../cli/storage-add-command.js'
import {addFlags, backupFlags, passwordFlags, type StorageFlagValues} from '../../../../cli/storage-flags.js'
import type {StorageValues} from '../../../../domain/new-storage.js'

export default class StorageAddPbs extends StorageAddCommand {
  static override summary = 'Add a datastore of a Proxmox Backup Server as a storage.'
  static override description =
    "The server's certificate is pinned by its fingerprint. Without --fingerprint it is fetched from here and shown, and nothing is sent to the server before it is confirmed; one that the system's authorities vouch for needs none. The password, or the secret of a token, comes from stdin, a file, or is asked for."
  static override examples = [
    'pass show pbs | <%= config.bin %> <%= command.id %> vault --server pbs.lan --datastore main --username backup@pbs!pve --password-stdin --fingerprint AA:BB:…',
    '<%= config.bin %> <%= command.id %> vault --server pbs.lan --datastore main --namespace homelab --username backup@pbs',
  ]

  static override args = StorageAddCommand.args
  static override flags = {
    server: Flags.string({description: 'The server.', helpValue: 'HOST', required: true}),
    datastore: Flags.string({description: 'The datastore.', helpValue: 'NAME', required: true}),
    namespace: Flags.string({description: 'The namespace in it.', helpValue: 'NAME'}),
    port: countFlag({description: 'Its port, where it is not 8007.', max: 65535}),
    username: Flags.string({description: 'Who uses it; root@pam by default.', helpValue: 'USER@REALM[!TOKEN]'}),
    fingerprint: Flags.string({
      description: 'SHA-256 of its certificate.',
      helpValue: 'AA:BB:…',
      exclusive: ['trusted-certificate'],
    }),
    'trusted-certificate': Flags.boolean({
      description: "The authorities that the nodes' systems trust vouch for its certificate: pin nothing.",
    }),
    'encryption-key-file': Flags.string({
      description: 'File with the key that backups are encrypted with. Without it they cannot be read again: keep it.',
      helpValue: 'FILE',
    }),
    'master-pubkey-file': Flags.string({
      description: 'File with the public key (PEM) that the encryption key is encrypted with in each backup.',
      helpValue: 'FILE',
      dependsOn: ['encryption-key-file'],
    }),
    ...addFlags('pbs'),
    ...passwordFlags,
    ...backupFlags,
  }

  protected readonly type = 'pbs'

  protected override passwordQuestion({username}: StorageValues): string | undefined {
    return `Password of ${String(username ?? 'root@pam')}`
  }

  protected override async lastValues(values: StorageValues, flags: StorageFlagValues): Promise<StorageValues> {
    if (values['fingerprint'] !== undefined || flags['trusted-certificate'] === true) return {}
    const {prompt, signal} = this
    const fingerprint = await this.unwrap(
      backupServerPin(String(values['server']), Number(values['port'] ?? 8007), {
        prompt,
        signal,
        show: (line) => this.note(line),
      }),
    )
    return fingerprint === undefined ? {} : {fingerprint}
  }
}
