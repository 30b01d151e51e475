import {expect} from 'chai'

import type {Configuration} from '../../../src/config/configuration.js'
import {parseText} from '../../../src/config/parse-text.js'
import {resolveContext} from '../../../src/config/resolve-context.js'

const PIN = Array.from({length: 32}, () => 'AB').join(':')
const settings = parseText(
  `currentContext: lab
contexts:
  lab: {endpoints: [pve1.lan], fingerprint: "${PIN}", token: {id: "a@pve!bb", secretEnv: LAB}, defaults: {cores: 2}}
  home: {endpoints: [home.lan]}
`,
  {file: '/c/config.yaml', home: '/h'},
)._unsafeUnwrap()
const configuration: Configuration = {...settings, files: ['/c/config.yaml']}
const empty: Configuration = {contexts: {}, files: [], machineClasses: {}}

describe('which context is used', () => {
  it('takes the flag before the environment before the current one', () => {
    const name = (env: Record<string, string>, flag?: string) =>
      resolveContext(configuration, env, flag)._unsafeUnwrap().name
    expect(name({})).to.equal('lab')
    expect(name({HOMELAB_CONTEXT: 'home'})).to.equal('home')
    expect(name({HOMELAB_CONTEXT: 'home'}, 'lab')).to.equal('lab')
    expect(name({HOMELAB_CONTEXT: ''})).to.equal('lab')
  })

  it('takes the only one there is', () => {
    const {home} = settings.contexts
    const one = {...empty, contexts: {home: home!}}
    expect(resolveContext(one, {})._unsafeUnwrap().name).to.equal('home')
  })

  it('says what to do when there is none, or none is current', () => {
    expect(resolveContext(empty, {})._unsafeUnwrapErr()).to.deep.include({
      kind: 'config-invalid',
      message: 'no cluster is configured',
    })
    const {currentContext: _, ...undecided} = configuration
    expect(resolveContext(undecided, {})._unsafeUnwrapErr().hint).to.include('homelab context use').and.include('home')
    expect(resolveContext({...configuration, currentContext: 'gone'}, {})._unsafeUnwrapErr().kind).to.equal(
      'config-invalid',
    )
  })

  it('suggests the name that was meant', () => {
    const failed = resolveContext(configuration, {}, 'hoem')._unsafeUnwrapErr()
    expect(failed.kind).to.equal('not-found')
    expect(failed.hint).to.include('did you mean home?')
    expect(resolveContext(configuration, {}, 'toString')._unsafeUnwrapErr().kind).to.equal('not-found')
  })

  it('needs no file: the environment can say everything', () => {
    const env = {
      HOMELAB_ENDPOINTS: 'pve1.ci, https://pve2.ci:443',
      HOMELAB_FINGERPRINT: PIN.toLowerCase(),
      HOMELAB_TOKEN_ID: 'ci@pve!run',
      HOMELAB_TOKEN_SECRET: 's3cret-value',
    }
    const context = resolveContext(empty, env)._unsafeUnwrap()
    expect(context).to.deep.equal({
      name: 'environment',
      endpoints: ['https://pve1.ci:8006', 'https://pve2.ci:443'],
      trust: {kind: 'pin', fingerprint: PIN},
      login: {kind: 'token', id: 'ci@pve!run', secret: {kind: 'env', variable: 'HOMELAB_TOKEN_SECRET'}},
      defaults: {},
      nodes: {},
    })
    expect(JSON.stringify(context)).not.to.include('s3cret')
  })

  it("never sends a file's credentials to endpoints that only the environment names", () => {
    const context = resolveContext(configuration, {HOMELAB_ENDPOINTS: 'evil.example'})._unsafeUnwrap()
    expect(context.name).to.equal('environment')
    expect(context.login).to.equal(undefined)
  })

  it('replaces parts of a context that was named', () => {
    const env = {HOMELAB_CONTEXT: 'lab', HOMELAB_ENDPOINTS: '10.0.0.9', HOMELAB_USER: 'root@pam', HOMELAB_PASSWORD: 'x'}
    const context = resolveContext(configuration, env)._unsafeUnwrap()
    expect(context.endpoints).to.deep.equal(['https://10.0.0.9:8006'])
    expect(context.trust.kind).to.equal('pin')
    expect(context.login).to.deep.equal({
      kind: 'password',
      username: 'root@pam',
      password: {kind: 'env', variable: 'HOMELAB_PASSWORD'},
    })
    expect(context.defaults).to.deep.equal({cores: 2})
  })

  it('refuses a variable that makes no sense', () => {
    const kind = (env: Record<string, string>) => resolveContext(configuration, env)._unsafeUnwrapErr().kind
    expect(kind({HOMELAB_ENDPOINTS: 'http://plain'})).to.equal('config-invalid')
    expect(kind({HOMELAB_FINGERPRINT: 'AA:BB'})).to.equal('config-invalid')
  })
})
