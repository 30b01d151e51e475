import fs from 'node:fs'
import path from 'node:path'
import {ok, type ResultAsync} from 'neverthrow'

import type {Configuration, ContextSettings} from '../config/configuration.js'
import {
  forgetLogin,
  putContext,
  removeContext,
  setCurrentContext,
  unknownContext,
  type NewContext,
  type NewLogin,
} from '../config/contexts.js'
import {loadConfiguration} from '../config/load-configuration.js'
import {projectCandidates, stateFolder, userFile} from '../config/locations.js'
import {resolveContext} from '../config/resolve-context.js'
import {failure, type Failure} from '../domain/failure.js'
import {AccessRepository} from '../repositories/access-repository.js'
import {AccessService} from '../services/access-service.js'
import {BaseCommand} from './base-command.js'
import {contextRow, currentOf, type CheckedLogin, type ContextRow} from './context-fields.js'
import {ListCommand} from './list-command.js'
import {loginFrom, type LoginFlagValues} from './login-flags.js'
import {endpointOf} from './login.js'

type StoredContext = ContextSettings & {readonly file: string}

/** What the commands on configuration, contexts and logins share. */
export abstract class ConfigurationCommand<R extends object> extends BaseCommand<R> {
  protected configuration(): ResultAsync<Configuration, Failure> {
    return loadConfiguration(this.surroundings)
  }

  /** The same, unless the files contradict each other where each is right by itself: one names a context, another holds them. */
  protected coherentConfiguration(): ResultAsync<Configuration, Failure> {
    return this.configuration().andThen((configuration) =>
      configuration.currentContext === undefined
        ? ok(configuration)
        : resolveContext(configuration, {}).map(() => configuration),
    )
  }

  /** The user's configuration file, whether it exists or not. */
  protected get userFile(): string {
    return userFile(this.surroundings)
  }

  protected get projectFile(): string | undefined {
    return projectCandidates(this.runtime.cwd).find((file) => fs.existsSync(file))
  }

  protected get stateDir(): string {
    return stateFolder(this.surroundings)
  }

  /** The context that was named, else the one in use. */
  protected async chosenContext(name: string | undefined): Promise<ContextSettings> {
    const configuration = await this.unwrap(this.configuration())
    return this.unwrap(resolveContext(configuration, this.runtime.env, name ?? this.globals.context))
  }

  /** A context that stands in a file, by its name: the only kind that can be changed. */
  protected async storedContext(name: string): Promise<StoredContext> {
    const {contexts} = await this.unwrap(this.configuration())
    const context = Object.hasOwn(contexts, name) ? contexts[name] : undefined
    if (context?.file === undefined) return this.fail(unknownContext(name, Object.keys(contexts)))
    return {...context, file: context.file}
  }

  protected async currentName(): Promise<string | undefined> {
    return currentOf(await this.unwrap(this.configuration()))
  }

  /** @returns false when it was current before */
  protected async useContext(name: string): Promise<boolean> {
    const {contexts, currentContext} = await this.unwrap(this.configuration())
    await this.unwrap(setCurrentContext(this.surroundings, name, Object.keys(contexts)))
    const now = await this.currentName()
    if (now !== name)
      await this.warning(`${this.projectFile ?? 'the project file'} makes ${now ?? 'another'} current here`)
    return currentContext !== name
  }

  /** Writes a context and shows it; asks nothing of the cluster. */
  protected async addContext(context: NewContext, flags: {use: boolean; replace: boolean}): Promise<ContextRow> {
    if (!/^[A-Za-z0-9][\w.-]*$/.test(context.name)) {
      this.fail(
        failure('usage', `"${context.name}" is no name for a context`, {
          hint: 'use letters, digits, dot, dash and underscore',
        }),
      )
    }

    const endpoints = await Promise.all(context.endpoints.map((endpoint) => this.unwrap(endpointOf(endpoint))))
    const caFile = context.caFile === undefined ? undefined : path.resolve(this.runtime.cwd, context.caFile)
    const options = {replace: flags.replace, use: flags.use ? 'always' : 'if-none'} as const
    await this.unwrap(putContext(this.surroundings, {...context, caFile, endpoints}, options))
    return contextRow(await this.storedContext(context.name), await this.currentName())
  }

  /** The login that the flags name; undefined when they name none. */
  protected async loginFor(flags: LoginFlagValues): Promise<NewLogin | undefined> {
    if (flags['token-id'] === undefined && flags.user === undefined) return undefined
    // A user whose password nobody told how to get is asked for it at each use.
    const {prompt, runtime} = this
    const named = ['secret-file', 'secret-env', 'secret-command', 'secret-stdin'] as const
    if (flags.user !== undefined && named.every((flag) => !flags[flag])) return {kind: 'password', username: flags.user}
    return this.unwrap(loginFrom(flags, {prompt, runtime}))
  }

  /** Ends the command unless the answer is yes. */
  protected async confirmed(question: string, yes: boolean): Promise<void> {
    if (yes || (await this.unwrap(this.prompt.confirm(question, '--yes')))) return
    this.fail(failure('refused', 'nothing was changed: the question was answered with no'))
  }

  protected async dropContext(context: StoredContext): Promise<boolean> {
    return this.unwrap(removeContext(this.surroundings, context.name, context.file))
  }

  protected async dropLogin(context: StoredContext): Promise<boolean> {
    return this.unwrap(forgetLogin(this.surroundings, context.name, context.file))
  }

  /** Deletes the context's API token on the server; false when it logs in by password. */
  protected async revokeToken(context: ContextSettings): Promise<boolean> {
    if (context.login?.kind !== 'token') return false
    const access = new AccessService(new AccessRepository(await this.connectTo(context)))
    await this.unwrap(access.deleteToken(context.login.id))
    return true
  }

  /** Connects and logs in; learns the other nodes' addresses where the login may ask for them. */
  protected async checkLogin(context: ContextSettings): Promise<CheckedLogin> {
    const started = this.runtime.now()
    const connection = await this.connectTo(context)
    const {permittedPaths, version} = await this.unwrap(new AccessService(new AccessRepository(connection)).check())
    const durationMs = this.runtime.now() - started
    if (permittedPaths === 0) {
      await this.warning(
        'this login has no rights at all; a token with separated privileges has only what is granted to itself',
      )
    }

    const learned = await connection.learnEndpoints()
    if (learned.isErr())
      this.detail('the addresses of the other nodes could not be read; only the configured ones are used')
    const {login} = context
    return {
      context: context.name,
      endpoint: connection.endpoints.current?.url ?? context.endpoints[0] ?? '',
      version,
      ...(login?.kind === 'token' && {tokenId: login.id}),
      ...(login?.kind === 'password' && {user: login.username}),
      permittedPaths,
      endpoints: connection.endpoints.list().map(({url}) => url),
      durationMs,
    }
  }
}

/** Lists of what the configuration holds. */
export abstract class ConfigurationListCommand<Row extends object> extends ListCommand<Row> {
  protected configuration(): ResultAsync<Configuration, Failure> {
    return loadConfiguration(this.surroundings)
  }
}
