import {type FormatCheck, type FormatTable, matching, oneOf} from './format-check.js'

const STORAGE_ID = String.raw`[a-z][a-z0-9\-_.]*[a-z0-9]`
const VOLUME_ID = new RegExp(`^${STORAGE_ID}:.+$`, 'i')

export const volumeId: FormatCheck = matching(VOLUME_ID, "unable to parse volume ID '$VALUE'")

const isContent = oneOf(
  ['images', 'rootdir', 'vztmpl', 'iso', 'backup', 'snippets', 'none', 'import'],
  "invalid content type '$VALUE'",
)
const isContent7 = oneOf(
  ['images', 'rootdir', 'vztmpl', 'iso', 'backup', 'snippets', 'none'],
  "invalid content type '$VALUE'",
)
export const storageContent: FormatCheck = (value, context) =>
  (context.version === '7.4' ? isContent7 : isContent)(value, context)

const pathOr =
  (words: readonly string[]): FormatCheck =>
  (value, context) =>
    words.includes(value) || value.startsWith('/') ? undefined : volumeId(value, context)

const directoryOverride: FormatCheck = (value, context) => {
  const override = /^([a-z]+)=([^.]*(?:\.?[^.]+)+)$/.exec(value.length > 2048 ? '' : value)
  if (override === null) return `invalid override '${value}'\n`
  const [, content, path] = override as unknown as [string, string, string]
  const wrongContent = storageContent(content, context)
  if (wrongContent !== undefined) return wrongContent
  const isLegal = path.length < 1023 && path.split('/').every((segment) => segment.length < 255)
  return isLegal ? undefined : `invalid override '${value}'\n`
}

export const STORAGE_FORMATS: FormatTable = {
  'disk-size': (value, {version}) => {
    const pattern = version === '9.2' ? /^\d+(?:\.\d+)?(?:[KMGT](?:iB)?)?$/ : /^\d+(?:\.\d+)?[KMGT]?$/
    return pattern.test(value) ? undefined : `value does not look like a valid disk size: ${value}\n`
  },
  'pve-dir-override': directoryOverride,
  'pve-storage-content': storageContent,
  'pve-storage-format': oneOf(['raw', 'qcow2', 'vmdk', 'subvol'], "invalid format '$VALUE'"),
  'pve-storage-id': matching(new RegExp(`^${STORAGE_ID}$`, 'i'), "storage ID '$VALUE' contains illegal characters"),
  'pve-storage-options': matching(/^\S+$/, "invalid options '$VALUE'"),
  'pve-storage-path': matching(/^\/[^;()]+/, 'value does not look like a valid absolute path'),
  'pve-storage-path-in-property-string': matching(/^\/[^;(),=]+$/, 'value does not look like a valid absolute path'),
  'pve-storage-vgname': matching(new RegExp(`^${STORAGE_ID}$`, 'i'), "lvm name '$VALUE' contains illegal characters"),
  'pve-storage-zfs-blocksize': matching(/^\d+[kKmM]?$/, 'value does not look like a valid block size: $VALUE'),
  'pve-volume-id': volumeId,
  'pve-volume-id-or-absolute-path': pathOr([]),
  'pve-volume-id-or-qm-path': pathOr(['none', 'cdrom']),
}
