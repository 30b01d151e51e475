import {expect} from 'chai'
import {loadSchema} from '../../../src/schema/schema.js'
import {mergeParameters, validateParameters} from '../../../src/simulator/front-door/validate.js'
import {validatorVectors, type Vector} from '../../helpers/validator-vectors.js'

const vectors = validatorVectors()

/** Decodes a query or form the way the server does: pairs end at `&` and `;`, and a value ends at its first raw `=`. */
function decode(text: string): Record<string, string | string[]> {
  const values: Record<string, string | string[]> = {}
  for (const pair of text.split(/[&;]/)) {
    if (pair === '') continue
    const [name = '', value = ''] = pair.split('=').map((part) => decodeURIComponent(part.replaceAll('+', ' ')))
    const known = values[name]
    values[name] = known === undefined ? value : [...(Array.isArray(known) ? known : [known]), value]
  }
  return values
}

const schema = loadSchema('9.2')

/** The verdict on a vector's request: 501, 200, or the errors of a 400. */
function verdict({method, path, form, params}: Vector): 501 | 200 | Record<string, string> {
  const [pathPart = '', query = ''] = path.split('?')
  const match = schema.match(method, decodeURIComponent(pathPart))
  if (match === undefined) return 501
  const merged = mergeParameters(match.pathParams, {...params, ...decode(form ?? ''), ...decode(query)})
  if (!merged.ok) return merged.errors
  const result = validateParameters(match.method, merged.raw)
  return result.ok ? 200 : {...result.errors}
}

describe('the validator, against the verdicts of Proxmox VE 9.2', () => {
  it('has all verdicts', () => {
    expect(vectors).to.have.length(975)
  })

  for (const [index, vector] of vectors.entries()) {
    it(`${index + 1}: ${vector.method} ${vector.path} ${vector.form ?? ''} (${vector.why})`.slice(0, 160), () => {
      const {code, errors} = vector.expect
      expect(verdict(vector)).to.deep.equal(code === 400 ? errors : code)
    })
  }
})
