/** How a program in a guest ended. */
export interface ProgramEnd {
  readonly exitcode?: number
  /** The number of the signal that ended it. */
  readonly signal?: number
  readonly stdout: Buffer
  readonly stderr: Buffer
}

/** Programs and files in VMs that are more than programmed answers; tests let real ones run. */
export interface GuestSystem {
  /** Starts a program, or tells why it could not, in the words of the agent. */
  start(
    vmid: number,
    command: readonly string[],
    input: Buffer | undefined,
  ): Promise<{readonly ended: Promise<ProgramEnd>} | {readonly error: string}>
  /** The bytes of a file, or the words of the error. */
  readFile(vmid: number, path: string): Promise<Buffer | string>
  /** @returns the words of the error, or undefined */
  writeFile(vmid: number, path: string, content: Buffer): Promise<string | undefined>
}
