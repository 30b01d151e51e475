import fs from 'node:fs'
import path from 'node:path'

import {normalizeEndpoint, normalizeFingerprint} from '../domain/endpoint.js'
import type {EndpointKnowledge, EndpointMemory, LearnedNode} from './endpoint-memory.js'

/**
 * Endpoint knowledge in a JSON file of its own, 0600, replaced as a whole so that a reader never sees half of it. A missing, unreadable or damaged
 * file counts as no knowledge, and a file that can't be written is let be.
 * @param unique makes the name of the temporary file; two processes must not get the same
 */
export function endpointMemoryFile(file: string, unique: () => string): EndpointMemory {
  return {
    load() {
      try {
        return parseKnowledge(JSON.parse(fs.readFileSync(file, 'utf8')))
      } catch {
        return undefined
      }
    },
    save(knowledge) {
      const temporary = `${file}.${unique()}.tmp`
      try {
        fs.mkdirSync(path.dirname(file), {recursive: true, mode: 0o700})
        fs.writeFileSync(temporary, `${JSON.stringify(knowledge)}\n`, {mode: 0o600, flag: 'wx'})
        fs.renameSync(temporary, file)
      } catch {
        remove(temporary)
      }
    },
  }
}

function remove(file: string): void {
  try {
    fs.rmSync(file, {force: true})
  } catch {
    // It was never there: its folder is none.
  }
}

/** Takes over only what has the right shape: the file is somebody else's to edit. */
export function parseKnowledge(value: unknown): EndpointKnowledge | undefined {
  if (!isRecord(value)) return undefined
  const anchor = asFingerprint(value.anchor)
  const nodes: Record<string, LearnedNode> = {}
  for (const [node, fields] of Object.entries(isRecord(value.nodes) ? value.nodes : {})) {
    if (!isRecord(fields)) continue
    const endpoint = asEndpoint(fields.endpoint)
    const fingerprint = asFingerprint(fields.fingerprint)
    nodes[node] = {...(endpoint !== undefined && {endpoint}), ...(fingerprint !== undefined && {fingerprint})}
  }

  const pins: Record<string, string> = {}
  for (const [url, pin] of Object.entries(isRecord(value.pins) ? value.pins : {})) {
    const endpoint = asEndpoint(url)
    const fingerprint = asFingerprint(pin)
    if (endpoint !== undefined && fingerprint !== undefined) pins[endpoint] = fingerprint
  }

  const failed = (Array.isArray(value.failed) ? value.failed : [])
    .map((url) => asEndpoint(url))
    .filter((url) => url !== undefined)
  return {...(anchor !== undefined && {anchor}), nodes, pins, failed}
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function asFingerprint(value: unknown): string | undefined {
  return typeof value === 'string' ? normalizeFingerprint(value) : undefined
}

function asEndpoint(value: unknown): string | undefined {
  return typeof value === 'string' ? normalizeEndpoint(value) : undefined
}
