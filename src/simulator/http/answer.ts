import {gzipSync} from 'node:zlib'

import type {ProxyError} from '../kernel/router.js'
import {Download} from '../kernel/call.js'
import {errorText, PveError} from '../kernel/pve-error.js'
import {HttpError} from './body.js'

import type {PveVersion} from '../../schema/schema.js'
import type {Json} from '../kernel/pve-error.js'
import type {ApiResult} from '../kernel/router.js'

/** Everything of an answer but the connection it goes over. */
export interface Answer {
  readonly status: number
  readonly reason: string
  readonly contentType?: string
  readonly body: string
}

/** How `/api2/FORMAT/…` shapes an answer. */
export type Format = 'extjs' | 'json'

const JSON_TYPE = 'application/json;charset=UTF-8'
/** Answers above this are compressed for those who accept it. */
export const COMPRESS_ABOVE = 1024

/** The text of answers that are given more than once. */
export type AnswerTexts = WeakMap<object, string>

/** A successful call. */
export function success(result: ApiResult | Download, format: Format, texts: AnswerTexts): Answer {
  if (result instanceof Download) return {status: 200, reason: 'OK', contentType: result.contentType, body: result.text}
  const beside = {
    ...(format === 'extjs' && {success: 1}),
    ...(result.total && {total: result.total}),
    ...(result.changes && {changes: result.changes}),
  }
  const rest = JSON.stringify(beside).slice(1)
  const body = `{"data":${dataText(result.data, texts)}${rest === '}' ? '' : ','}${rest}`
  return {status: 200, reason: 'OK', contentType: JSON_TYPE, body}
}

/** Only what is frozen is the same the next time. */
function dataText(data: Json, texts: AnswerTexts): string {
  if (data === null || typeof data !== 'object' || !Object.isFrozen(data)) return JSON.stringify(data)
  let text = texts.get(data)
  if (text === undefined) texts.set(data, (text = JSON.stringify(data)))
  return text
}

/** The API died: the text is the reason phrase and, since 8.3, also in the body. */
export function apiFailure(
  error: unknown,
  format: Format,
  {release, isProtected}: {release: PveVersion; isProtected: boolean},
): Answer {
  const {status, message, errors} =
    error instanceof PveError ? error : new PveError(500, `simulator error: ${errorText(error)}`)
  // a missing method is reported by the server itself, everything else by Perl's die with its newline
  const text = status === 501 ? message : `${message.replace(/\n$/, '')}\n`
  const said = {...(release !== '7.4' && {message: text}), ...(errors && {errors})}
  if (format === 'extjs') {
    const envelope = {
      data: null,
      success: 0,
      message: text,
      ...(errors && {errors}),
      status: isProtected ? String(status) : status,
    }
    return {status: 200, reason: 'OK', contentType: JSON_TYPE, body: JSON.stringify(envelope)}
  }

  return {status, reason: firstLine(message), contentType: JSON_TYPE, body: JSON.stringify({data: null, ...said})}
}

/** A refusal by the server or the proxy: no JSON, mostly no body. */
export function refusal(error: HttpError | ProxyError): Answer {
  return {status: error.status, reason: error.reason, body: error instanceof HttpError ? error.text : ''}
}

const firstLine = (text: string): string => text.split(/[\r\n]/, 1)[0]!

/** A reason phrase as bytes of the status line: UTF-8, no control characters. */
export function statusText(reason: string): string {
  return Buffer.from(reason.replaceAll(/[\0-\u001F\u007F]/g, ' '), 'utf8').toString('latin1')
}

/** The body as bytes, compressed if that was asked for and pays. */
export function encode(body: string, acceptEncoding: string | undefined): {bytes: Buffer; encoding?: string} {
  const bytes = Buffer.from(body)
  if (bytes.length <= COMPRESS_ABOVE || !/\bgzip\b/.test(acceptEncoding ?? '')) return {bytes}
  return {bytes: gzipSync(bytes, {level: 1}), encoding: 'gzip'}
}
