import {cosmiconfig} from 'cosmiconfig'
import {err, type Result} from 'neverthrow'

import type {FileSettings} from './configuration.js'
import {parseText} from './parse-text.js'
import type {Problem} from './problem.js'
import type {Folders} from './settings-of.js'

/** Reads and checks one configuration file. In a file of its own, because cosmiconfig, yaml and zod are loaded only when a file has changed. */
export async function readSettingsFile(folders: Folders): Promise<Result<FileSettings, Problem[]>> {
  const explorer = cosmiconfig('homelab', {
    cache: false,
    // The text itself: places of problems are known only to whoever parses it.
    loaders: {'.yaml': (_file: string, content: string) => ({content})},
    searchPlaces: [],
  })
  const found = await explorer.load(folders.file)
  if (found === null) return err([{file: folders.file, message: 'cannot be read', remedy: 'look at it'}])
  return parseText(found.isEmpty ? '' : (found.config as {content: string}).content, folders)
}
