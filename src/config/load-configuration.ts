import fs from 'node:fs'
import {err, ok, ResultAsync, type Result} from 'neverthrow'

import type {Failure} from '../domain/failure.js'
import {holdsSecret, type Configuration, type FileSettings} from './configuration.js'
import {guardFile, guardSecretFile} from './file-guard.js'
import {projectCandidates, stateFolder, userFile, type Surroundings} from './locations.js'
import {configurationFailure, type Problem} from './problem.js'
import {SettingsCache, stampOf} from './settings-cache.js'

/**
 * The user file and the nearest project file, checked and merged. Missing files are no error. Every problem of both files is reported at once.
 * @returns the configuration, or a `config-invalid` failure
 */
export function loadConfiguration(surroundings: Surroundings): ResultAsync<Configuration, Failure> {
  return new ResultAsync(load(surroundings))
}

async function load(surroundings: Surroundings): Promise<Result<Configuration, Failure>> {
  const cache = new SettingsCache(stateFolder(surroundings), () => surroundings.unique())
  const user = userFile(surroundings)
  const project = projectCandidates(surroundings.cwd).find((file) => file !== user && fs.existsSync(file))
  const read = await Promise.all(
    [project, fs.existsSync(user) ? user : undefined]
      .filter((file) => file !== undefined)
      .map(async (file) => ({file, settings: await readSettings(file, surroundings, cache)})),
  )
  const problems = read.flatMap(({settings}) => (settings.isErr() ? settings.error : []))
  if (problems.length > 0) return err(configurationFailure(problems))
  const layers = read.flatMap(({settings}) => (settings.isOk() ? [settings.value] : []))
  return ok(
    merge(
      layers,
      read.map(({file}) => file),
    ),
  )
}

/** One file, from the cache when it hasn't changed since it was checked. */
async function readSettings(
  file: string,
  surroundings: Surroundings,
  cache: SettingsCache,
): Promise<Result<FileSettings, Problem[]>> {
  try {
    const stats = fs.statSync(file, {bigint: true})
    const plain = fs.statSync(file)
    const guarded = guardFile(file, plain, surroundings.uid)
    if (guarded.length > 0) return err(guarded)
    const stamp = stampOf(stats, surroundings.version)
    const cached = cache.get(file, stamp)
    if (cached) return ok(cached)
    const {readSettingsFile} = await import('./read-settings-file.js')
    const settings = await readSettingsFile({file, home: surroundings.home})
    if (settings.isErr()) return settings
    if (holdsSecret(settings.value)) {
      const open = guardSecretFile(file, plain, surroundings.uid)
      if (open.length > 0) return err(open)
    }

    cache.put(file, stamp, settings.value)
    return settings
  } catch (error) {
    return err([unreadable(file, error)])
  }
}

function unreadable(file: string, error: unknown): Problem {
  const code = (error as NodeJS.ErrnoException).code ?? String(error)
  return {file, message: `cannot be read (${code})`, remedy: `look at it: ls -l ${file}`}
}

/** The first layer wins, by context, machine class and image: half of one cluster's settings must not mix with another's. */
function merge(layers: readonly FileSettings[], files: readonly string[]): Configuration {
  const lowestFirst = layers.toReversed()
  const currentContext = layers.find((layer) => layer.currentContext !== undefined)?.currentContext
  const images = Object.assign({}, ...lowestFirst.map((layer) => layer.images)) as NonNullable<Configuration['images']>
  return {
    files,
    ...(Object.keys(images).length > 0 && {images}),
    ...(currentContext !== undefined && {currentContext}),
    contexts: Object.assign({}, ...lowestFirst.map((layer) => layer.contexts)) as Configuration['contexts'],
    machineClasses: Object.assign(
      {},
      ...lowestFirst.map((layer) => layer.machineClasses),
    ) as Configuration['machineClasses'],
  }
}
