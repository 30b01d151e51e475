/** What is known of a cluster's endpoints beyond the configuration. Addresses and fingerprints only: nothing in it is secret. */
export interface EndpointKnowledge {
  /** The configured pin under which all this was learned; with another one it is worth nothing. */
  readonly anchor?: string
  /** By node name. */
  readonly nodes: Readonly<Record<string, LearnedNode>>
  /** By endpoint: the pin it turned out to have. */
  readonly pins: Readonly<Record<string, string>>
  /** Endpoints that didn't answer when another one did. They are tried last. */
  readonly failed: readonly string[]
}

export interface LearnedNode {
  readonly endpoint?: string
  readonly fingerprint?: string
}

/** Keeps the knowledge between runs. Neither method throws: losing it costs a few seconds, not a command. */
export interface EndpointMemory {
  load(): EndpointKnowledge | undefined
  save(knowledge: EndpointKnowledge): void
}
