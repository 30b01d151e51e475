import path from 'node:path'

import type {TrustSetting} from '../config/configuration.js'
import {putContext, type NewLogin} from '../config/contexts.js'
import {failure} from '../domain/failure.js'
import type {Connection} from '../proxmox/connection.js'
import {AccessRepository} from '../repositories/access-repository.js'
import {AccessService} from '../services/access-service.js'
import {ConfigurationCommand} from './configuration-command.js'
import {loginFrom, wasTyped, type LoginFlagValues} from './login-flags.js'
import {contextNameOf, decideTrust, endpointOf, provisionalContext} from './login.js'

export interface LoggedIn {
  readonly context: string
  readonly current: boolean
  readonly url: string
  readonly fingerprint?: string
  readonly version: string
  readonly tokenId?: string
  readonly tokenCreated: boolean
  readonly user?: string
  readonly file: string
  readonly secretFile?: string
}

export interface LoginCommandFlags extends LoginFlagValues {
  readonly name?: string | undefined
  readonly fingerprint?: string | undefined
  readonly 'ca-file'?: string | undefined
  readonly 'create-token'?: boolean | undefined
  readonly 'token-name'?: string | undefined
  readonly role?: string | undefined
  readonly use: boolean
}

/** From an address to a context that works: trust, login, token, file. Nothing is written before the server has taken the login. */
export abstract class LoginCommand extends ConfigurationCommand<LoggedIn> {
  protected async login(url: string, flags: LoginCommandFlags): Promise<LoggedIn> {
    this.#checkFlags(flags)
    const endpoint = await this.unwrap(endpointOf(url))
    const name = flags.name ?? contextNameOf(endpoint)
    const replace = await this.#mayReplace(name, endpoint, flags)
    const trust = await this.#trust(endpoint, flags)
    const {prompt, runtime} = this
    const given = await this.unwrap(loginFrom(flags, {prompt, runtime}))
    const context = provisionalContext(name, endpoint, trust, given)
    const connection = await this.connectTo(context)
    const access = new AccessService(new AccessRepository(connection))
    const {permittedPaths, version} = await this.unwrap(access.check())
    const token = given.kind === 'password' ? await this.#offerToken(given.username, access, flags) : undefined
    if (permittedPaths === 0) {
      await this.warning(
        'this login has no rights yet; a token with separated privileges has only what is granted to itself',
      )
    }

    await this.#learn(connection)
    const login: NewLogin = token ?? withoutTypedPassword(given, flags)
    const stored = await this.unwrap(
      putContext(
        this.surroundings,
        {
          name,
          endpoints: [endpoint],
          login,
          ...(trust.kind === 'pin' && {fingerprint: trust.fingerprint}),
          ...(trust.kind === 'ca' && {caFile: trust.file}),
        },
        {replace, use: flags.use ? 'always' : 'if-none'},
      ),
    )
    return {
      context: name,
      current: stored.current,
      url: endpoint,
      ...(trust.kind === 'pin' && {fingerprint: trust.fingerprint}),
      version,
      ...(login.kind === 'token' ? {tokenId: login.id} : {user: login.username}),
      tokenCreated: token !== undefined,
      file: stored.file,
      ...(stored.secretFile !== undefined && {secretFile: stored.secretFile}),
    }
  }

  protected sentence(loggedIn: LoggedIn): string {
    const who = loggedIn.tokenId === undefined ? `user ${loggedIn.user ?? ''}` : `token ${loggedIn.tokenId}`
    const secret = loggedIn.secretFile === undefined ? '' : `; its secret is in ${loggedIn.secretFile}`
    const use = loggedIn.current
      ? ''
      : `\nuse it with -c ${loggedIn.context}, or: homelab context use ${loggedIn.context}`
    return `logged in to ${loggedIn.url} (Proxmox VE ${loggedIn.version}) as ${who}${secret}\ncontext ${loggedIn.context} is in ${loggedIn.file}${use}`
  }

  #checkFlags(flags: LoginCommandFlags): void {
    if (flags.name !== undefined && !/^[A-Za-z0-9][\w.-]*$/.test(flags.name)) {
      this.fail(
        failure('usage', `--name: "${flags.name}" is no name for a context`, {
          hint: 'use letters, digits, dot, dash and underscore',
        }),
      )
    }

    const wantsToken = flags['create-token'] === true || flags.role !== undefined || flags['token-name'] !== undefined
    if (wantsToken && flags['token-id'] !== undefined) {
      this.fail(
        failure('usage', '--create-token, --token-name and --role go with --user', {
          hint: 'a token that exists is used as it is: leave them out',
        }),
      )
    }

    if (flags['create-token'] === false && (flags.role !== undefined || flags['token-name'] !== undefined)) {
      this.fail(
        failure('usage', '--no-create-token contradicts --token-name and --role', {hint: 'leave one of them out'}),
      )
    }
  }

  /** A context is taken over when it is the same cluster's; a name that stands for another one is not. */
  async #mayReplace(name: string, endpoint: string, flags: LoginCommandFlags): Promise<boolean> {
    const {contexts} = await this.unwrap(this.configuration())
    const existing = Object.hasOwn(contexts, name) ? contexts[name] : undefined
    if (existing === undefined || existing.endpoints.includes(endpoint)) return existing !== undefined
    return this.fail(
      failure('already-exists', `the context ${name} stands for another cluster (${existing.endpoints.join(', ')})`, {
        hint: `choose another name${flags.name === undefined ? '' : ' than --name says'}: --name NAME`,
      }),
    )
  }

  #trust(url: string, flags: LoginCommandFlags): Promise<TrustSetting> {
    const caFile = flags['ca-file']
    return this.unwrap(
      decideTrust({
        url,
        caFile: caFile === undefined ? undefined : path.resolve(this.runtime.cwd, caFile),
        fingerprint: flags.fingerprint,
        prompt: this.prompt,
        signal: this.signal,
        show: (lines) => this.runtime.stderr.write(`${lines.join('\n')}\n`),
      }),
    )
  }

  async #offerToken(username: string, access: AccessService, flags: LoginCommandFlags): Promise<NewLogin | undefined> {
    const asked =
      flags['create-token'] ?? (flags.role !== undefined || flags['token-name'] !== undefined ? true : undefined)
    if (asked === false) return undefined
    if (asked === undefined) {
      // Without anyone to ask, the login stays what it is.
      if (!this.prompt.possible) return undefined
      this.runtime.stderr.write(
        'An API token can be revoked by itself and keeps the password off this machine. The new token may do whatever the user may;\n--role ROLE separates its privileges instead, and grants it that role alone.\n',
      )
      if (!(await this.unwrap(this.prompt.confirm('Create an API token?', '--create-token or --no-create-token'))))
        return undefined
    }

    const name = flags['token-name'] ?? 'homelab'
    const created = access.createToken(username, name, flags.role).mapErr((failed) =>
      failed.kind === 'already-exists'
        ? {
            ...failed,
            hint: `choose another name with --token-name, or log in with that token: --token-id ${username}!${name}`,
          }
        : failed,
    )
    const {id, secret} = await this.unwrap(created)
    return {kind: 'token', id, secret: {kind: 'value', value: secret}}
  }

  async #learn(connection: Connection): Promise<void> {
    const learned = await connection.learnEndpoints()
    if (learned.isErr()) this.detail('the addresses of the other nodes could not be read; only this one is used')
  }
}

/** A password that a person typed is not kept: it is asked for again. */
function withoutTypedPassword(login: NewLogin, flags: LoginFlagValues): NewLogin {
  return login.kind === 'password' && wasTyped(flags) ? {kind: 'password', username: login.username} : login
}
