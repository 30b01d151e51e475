import {parseCalendarEvent} from '../../domain/calendar-event.js'
import {type FormatCheck, type FormatTable, matching} from './format-check.js'

const calendarEvent: FormatCheck = (value) =>
  parseCalendarEvent(value).match(
    () => undefined,
    (rest) => `invalid calendar event '${value}' - unable to parse calendar event at '${rest}'\n\n`,
  )

const commandBatch: FormatCheck = (value) => {
  let commands: unknown
  try {
    commands = JSON.parse(value)
  } catch {
    return 'commands param did not contain valid JSON: malformed JSON string\n'
  }
  const isLegal =
    Array.isArray(commands) &&
    commands.every((command: unknown) => {
      const {path, method, args} = (command ?? {}) as Record<string, unknown>
      return (
        typeof path === 'string' &&
        /^(?:GET|POST|PUT|DELETE)$/.test(String(method)) &&
        (args === undefined || typeof args === 'object')
      )
    })
  return isLegal ? undefined : 'commands is not a valid array of commands: Parameter verification failed.\n'
}

const PEM_BLOCK = String.raw`-----BEGIN (?:[^\n-]*)-----\s[A-Za-z0-9+/=\s]+-----END (?:[^\n-]*)-----`
const pem = (block: string): FormatCheck =>
  matching(new RegExp(`^\\s*${block}\\s*$`), 'not a valid PEM-formatted string.')

const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?'

export const NODE_FORMATS: FormatTable = {
  'graphite-path': matching(new RegExp(`^(?:${LABEL}\\.)*${LABEL}$`), 'value does not look like a valid graphite path'),
  'pem-certificate-chain': pem(`(?:${PEM_BLOCK.replaceAll('(?:[^\\n-]*)', 'CERTIFICATE')}\\s*)+`),
  'pem-string': pem(PEM_BLOCK),
  'pve-acme-alias': matching(
    /^[a-z0-9_][a-z0-9_-]*(?:\.[a-z0-9_][a-z0-9_-]*)+$/i,
    "value '$VALUE' does not look like a valid alias name!",
  ),
  'pve-acme-domain': matching(
    /^(?:\*\.)?[a-z0-9][a-z0-9_-]*(?:\.[a-z0-9][a-z0-9_-]*)+$/i,
    "value '$VALUE' does not look like a valid domain name!",
  ),
  'pve-calendar-event': calendarEvent,
  'pve-command-batch': commandBatch,
  'pve-configid': matching(/^[a-z][a-z0-9_-]+$/i, "invalid configuration ID '$VALUE'"),
  'pve-day-of-week': matching(/^(?:mon|tue|wed|thu|fri|sat|sun)$/, "invalid day '$VALUE'"),
  'pve-node': matching(/^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?$/, 'value does not look like a valid node name'),
  'pve-task-status-type': matching(/^(?:ok|error|warning|unknown)$/i, "invalid status '$VALUE'"),
  string: () => undefined,
  urlencoded: matching(/^[-%a-zA-Z0-9_.!~*'()]*$/, 'invalid urlencoded string: $VALUE'),
}
