import type {AgentAnswers, AgentQuestion, TrimmedPath} from '../domain/agent-answer.js'
import {asFlag, asNumber, asText, present, type Fields} from './reply.js'

type Readers = {readonly [Question in AgentQuestion]: (result: unknown) => AgentAnswers[Question]}

/** What came back for each question, in our words. Agents of other systems leave out what they don't know. */
export const READERS: Readers = {
  'get-fsinfo': (result) =>
    rowsOf(result).map((row) =>
      present({
        name: asText(row.name) ?? '',
        mountpoint: asText(row.mountpoint) ?? '',
        type: asText(row.type) ?? '',
        totalBytes: asNumber(row['total-bytes']),
        usedBytes: asNumber(row['used-bytes']),
        disks: rowsOf(row.disk).flatMap((disk) => asText(disk.dev) ?? []),
      }),
    ),
  'get-host-name': (result) => ({hostname: asText(fieldsOf(result)['host-name']) ?? ''}),
  'get-osinfo': (result) => {
    const row = fieldsOf(result)
    return present({
      id: asText(row.id),
      name: asText(row.name),
      prettyName: asText(row['pretty-name']),
      version: asText(row.version),
      versionId: asText(row['version-id']),
      variant: asText(row.variant),
      machine: asText(row.machine),
      kernelRelease: asText(row['kernel-release']),
      kernelVersion: asText(row['kernel-version']),
    })
  },
  // Nanoseconds.
  'get-time': (result) => ({timeMs: Math.round((asNumber(result) ?? 0) / 1e6)}),
  'get-timezone': (result) => {
    const row = fieldsOf(result)
    return present({zone: asText(row.zone), offsetSeconds: asNumber(row.offset) ?? 0})
  },
  'get-users': (result) =>
    rowsOf(result).map((row) => {
      const seconds = asNumber(row['login-time'])
      return present({
        user: asText(row.user) ?? '',
        domain: asText(row.domain),
        loginTime: seconds === undefined ? undefined : new Date(Math.round(seconds * 1000)).toISOString(),
      })
    }),
  'get-vcpus': (result) =>
    rowsOf(result).map((row) => ({
      id: asNumber(row['logical-id']) ?? 0,
      online: asFlag(row.online),
      canOffline: asFlag(row['can-offline']),
    })),
  info: (result) => {
    const row = fieldsOf(result)
    const commands = rowsOf(row.supported_commands)
    const named = (enabled: boolean): string[] =>
      commands
        .filter((command) => asFlag(command.enabled) === enabled)
        .map((command) => (asText(command.name) ?? '').replace(/^guest-/, ''))
        .sort()
    return {version: asText(row.version) ?? '', enabled: named(true), disabled: named(false)}
  },
}

/** What `fstrim` did to each file system. */
export function trimmedPaths(result: unknown): TrimmedPath[] {
  return rowsOf(fieldsOf(result).paths).map((row) =>
    present({path: asText(row.path) ?? '', trimmedBytes: asNumber(row.trimmed), error: asText(row.error)}),
  )
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

/** A list that may be missing. */
export function rowsOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map((row) => fieldsOf(row)) : []
}
