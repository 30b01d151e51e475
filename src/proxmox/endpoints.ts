import {normalizeEndpoint, normalizeFingerprint} from '../domain/endpoint.js'
import type {EndpointKnowledge, EndpointMemory, LearnedNode} from './endpoint-memory.js'
import type {ConnectionSettings} from './settings.js'
import {addressOf, type EndpointTrust} from './tls.js'

/** One way into the cluster, for messages. */
export interface EndpointInfo {
  readonly url: string
  /** False for those of the configuration. */
  readonly learned: boolean
  /** The node behind it, when known. */
  readonly node?: string
  /** Its pin, when it has one. */
  readonly fingerprint?: string
}

/**
 * The ways into one cluster, in the order to try them, and what each must show to be trusted. Nodes of a cluster trust each other completely, so
 * a node whose certificate was verified may name the others' addresses and fingerprints.
 */
export class EndpointList {
  readonly #settings: ConnectionSettings
  readonly #memory: EndpointMemory | undefined
  readonly #configured: readonly {url: string; pin?: string}[]
  #nodes: Record<string, LearnedNode> = {}
  #pins: Record<string, string> = {}
  #failed: readonly string[] = []
  #current: string | undefined
  #saved: string

  constructor(settings: ConnectionSettings, memory?: EndpointMemory) {
    this.#settings = settings
    this.#memory = memory
    this.#configured = settings.endpoints.map((given) => {
      const {url, fingerprint} = typeof given === 'string' ? {url: given} : given
      const pin = fingerprint === undefined ? undefined : (normalizeFingerprint(fingerprint) ?? fingerprint)
      return {url: normalizeEndpoint(url) ?? url, ...(pin !== undefined && {pin})}
    })
    const known = memory?.load()
    if (known && known.anchor === this.#anchor) {
      this.#nodes = {...known.nodes}
      this.#pins = {...known.pins}
      this.#failed = known.failed
    }

    this.#saved = JSON.stringify(this.#knowledge())
  }

  /** The endpoint that answered last. */
  get current(): EndpointInfo | undefined {
    return this.#current === undefined ? undefined : this.#info(this.#current)
  }

  /** All of them, in the order they would be tried now. */
  list(): readonly EndpointInfo[] {
    return this.order().map((url) => this.#info(url))
  }

  /** Addresses in the order to try them: the one that answered last, then as configured, then the learned ones; those known to be dead last. */
  order(): readonly string[] {
    const urls = [...this.#configured.map((endpoint) => endpoint.url), ...this.#learned()]
    const rank = (url: string): number => (url === this.#current ? 0 : this.#failed.includes(url) ? 2 : 1)
    return [...new Set(urls)].sort((a, b) => rank(a) - rank(b))
  }

  /** What the peer at this address must show before anything is sent to it. */
  trustOf(url: string): EndpointTrust {
    const index = this.#configured.findIndex((endpoint) => endpoint.url === url)
    const own = this.#configured[index]?.pin
    if (own !== undefined) return {kind: 'pin', fingerprint: own}
    const {trust} = this.#settings
    if (trust.kind !== 'pin') {
      // A learned address need not stand in the certificate, so the fingerprint its cluster gave is the better proof.
      const pin = index === -1 ? this.#nodePin(url) : undefined
      return pin === undefined ? trust : {kind: 'pin', fingerprint: pin}
    }

    if (index === 0) return {kind: 'pin', fingerprint: this.#anchor ?? trust.fingerprint}
    const pin = this.#nodePin(url) ?? this.#pins[url]
    if (pin !== undefined) return {kind: 'pin', fingerprint: pin}
    const cluster = Object.values(this.#nodes).map((node) => node.fingerprint)
    return {
      kind: 'any-of',
      fingerprints: [trust.fingerprint, ...cluster].map((text) => normalizeFingerprint(text ?? '') ?? ''),
    }
  }

  /** An endpoint took the connection; those tried before it didn't. */
  answered(url: string, failedBefore: readonly string[], fingerprint: string | undefined): void {
    this.#current = url
    this.#failed = [...new Set([...this.#failed, ...failedBefore])].filter((failed) => failed !== url)
    // From now on this endpoint has its own pin, even if any of the cluster's would have done until now.
    if (fingerprint !== undefined && this.trustOf(url).kind === 'any-of') this.#pins[url] = fingerprint
    this.#save()
  }

  /** The endpoint doesn't take connections any more: don't start with it next time. */
  lost(url: string): void {
    if (this.#current === url) this.#current = undefined
  }

  /** Takes note of the addresses in an answer to `GET /cluster/status`. */
  harvestStatus(data: unknown, via: string): void {
    const through = addressOf(via)
    for (const row of rows(data)) {
      if (row.type !== 'node' || typeof row.name !== 'string' || typeof row.ip !== 'string') continue
      // Through a tunnel the cluster's own addresses lead nowhere.
      if (isLoopback(through.host) && !isLoopback(row.ip)) continue
      const host = row.ip.includes(':') ? `[${row.ip}]` : row.ip
      const endpoint = normalizeEndpoint(`https://${host}:${isLoopback(through.host) ? through.port : 8006}`)
      if (endpoint !== undefined) this.#nodes[row.name] = {...this.#nodes[row.name], endpoint}
    }

    this.#save()
  }

  /** Takes note of the fingerprints in an answer to `GET /nodes`. */
  harvestNodes(data: unknown): void {
    for (const row of rows(data)) {
      if (typeof row.node !== 'string' || typeof row.ssl_fingerprint !== 'string') continue
      const fingerprint = normalizeFingerprint(row.ssl_fingerprint)
      if (fingerprint === undefined) continue
      const before = this.#nodes[row.node]?.fingerprint
      if (before !== undefined && before !== fingerprint) {
        // The cluster itself says that this node has a new certificate.
        for (const [url, pin] of Object.entries(this.#pins)) if (pin === before) delete this.#pins[url]
      }

      this.#nodes[row.node] = {...this.#nodes[row.node], fingerprint}
    }

    this.#save()
  }

  get #anchor(): string | undefined {
    const {trust} = this.#settings
    return trust.kind === 'pin' ? (normalizeFingerprint(trust.fingerprint) ?? trust.fingerprint) : undefined
  }

  /** Addresses only the cluster told us, and whose certificate we can check. */
  #learned(): string[] {
    const nodes = Object.values(this.#nodes)
    const configured = new Set(this.#configured.map((endpoint) => endpoint.url))
    const pins = this.#configured
      .map((endpoint) => this.trustOf(endpoint.url))
      .map((trust) => (trust.kind === 'pin' ? trust.fingerprint : ''))
    return nodes.flatMap(({endpoint, fingerprint}) => {
      if (endpoint === undefined || fingerprint === undefined || configured.has(endpoint)) return []
      // A node that is configured under another name would be tried twice. Where all nodes share one certificate that can't be told.
      const shared = nodes.filter((node) => node.fingerprint === fingerprint).length > 1
      return pins.includes(fingerprint) && !shared ? [] : [endpoint]
    })
  }

  #nodePin(url: string): string | undefined {
    return Object.values(this.#nodes).find((node) => node.endpoint === url && node.fingerprint !== undefined)
      ?.fingerprint
  }

  #info(url: string): EndpointInfo {
    const trust = this.trustOf(url)
    const fingerprint = trust.kind === 'pin' ? trust.fingerprint : undefined
    const node =
      Object.entries(this.#nodes).find(([, known]) => known.endpoint === url)?.[0] ??
      (fingerprint === undefined
        ? undefined
        : Object.entries(this.#nodes).find(([, known]) => known.fingerprint === fingerprint)?.[0])
    return {
      url,
      learned: !this.#configured.some((endpoint) => endpoint.url === url),
      ...(node !== undefined && {node}),
      ...(fingerprint !== undefined && {fingerprint}),
    }
  }

  #knowledge(): EndpointKnowledge {
    const anchor = this.#anchor
    return {...(anchor !== undefined && {anchor}), nodes: this.#nodes, pins: this.#pins, failed: this.#failed}
  }

  #save(): void {
    if (!this.#memory) return
    const text = JSON.stringify(this.#knowledge())
    if (text === this.#saved) return
    this.#saved = text
    this.#memory.save(this.#knowledge())
  }
}

function rows(data: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(data) ? data.filter((row) => typeof row === 'object' && row !== null) : []
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host)
}
