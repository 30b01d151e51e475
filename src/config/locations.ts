import path from 'node:path'

/** What decides where configuration and state lie. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly home: string
  /** oclif's folders for this program. */
  readonly configDir: string
  readonly dataDir: string
  /** The user's numeric id; absent on systems without one. */
  readonly uid?: number | undefined
  /** Part of the key of what is kept between runs. */
  readonly version: string
  /** A word no other process has at this time, for temporary files. */
  unique(): string
}

const PROJECT_FILES = ['.homelab.yaml', 'homelab.yaml'] as const

/** The folder of the user's configuration: `HOMELAB_CONFIG_DIR`, else the system's usual place. */
export function configFolder({configDir, cwd, env}: Surroundings): string {
  const override = env.HOMELAB_CONFIG_DIR
  return override ? path.resolve(cwd, override) : configDir
}

export function userFile(surroundings: Surroundings): string {
  return path.join(configFolder(surroundings), 'config.yaml')
}

/** The folder of secrets that a login stores, one file each. */
export function secretsFolder(surroundings: Surroundings): string {
  return path.join(configFolder(surroundings), 'secrets')
}

/** The folder of what is learned between runs: `HOMELAB_STATE_DIR`, else beside an overridden configuration, else the system's usual place. */
export function stateFolder(surroundings: Surroundings): string {
  const {cwd, dataDir, env} = surroundings
  if (env.HOMELAB_STATE_DIR) return path.resolve(cwd, env.HOMELAB_STATE_DIR)
  return env.HOMELAB_CONFIG_DIR ? path.join(configFolder(surroundings), 'state') : dataDir
}

/** Where a project file may lie, nearest first: in the working folder and in each one above it. */
export function projectCandidates(cwd: string): string[] {
  const candidates: string[] = []
  for (let folder = path.resolve(cwd); ; folder = path.dirname(folder)) {
    candidates.push(...PROJECT_FILES.map((name) => path.join(folder, name)))
    if (folder === path.dirname(folder)) return candidates
  }
}
