import {expect} from 'chai'

import {fieldAt, headerOf, selectColumns, sortRows, type Column} from '../../../src/cli/output/columns.js'
import {renderCsv} from '../../../src/cli/output/csv.js'
import {wantsJson} from '../../../src/cli/output/format.js'
import {asBytes, asPercent, asTime, asUptime} from '../../../src/cli/output/human.js'
import {runJq} from '../../../src/cli/output/jq.js'
import {render, type RenderOptions} from '../../../src/cli/output/render.js'
import {renderFields, renderTable} from '../../../src/cli/output/table.js'
import {printable, textWidth, truncate} from '../../../src/cli/output/text-width.js'

interface Row {
  readonly name?: string
  readonly vmid: number
  readonly memoryBytes?: number
  readonly tags?: readonly string[]
  readonly placement?: {readonly node: string}
}

const columns: readonly Column<Row>[] = [
  {key: 'vmid'},
  {key: 'name'},
  {key: 'memoryBytes', header: 'MEMORY', format: asBytes},
  {key: 'placement.node'},
  {key: 'tags', default: false},
]
const rows: readonly Row[] = [
  {vmid: 101, name: 'web10', memoryBytes: 4 * 2 ** 30, placement: {node: 'pve1'}, tags: ['a', 'b']},
  {vmid: 9000, name: 'web2'},
]

describe('columns', () => {
  it('finds a field by its path', () => {
    expect(fieldAt(rows[0], 'placement.node')).to.equal('pve1')
    expect(fieldAt(rows[1], 'placement.node')).to.equal(undefined)
    expect(fieldAt('text', 'length')).to.equal(undefined)
  })

  it('makes a heading of the last part of the path', () => {
    expect(headerOf({key: 'placement.node'})).to.equal('NODE')
    expect(headerOf({key: 'uptimeSeconds'})).to.equal('UPTIME SECONDS')
  })

  it('shows the default columns, or those that are named, in their order', () => {
    expect(
      selectColumns(columns, undefined)
        ._unsafeUnwrap()
        .map(({key}) => key),
    ).to.deep.equal(['vmid', 'name', 'memoryBytes', 'placement.node'])
    expect(
      selectColumns(columns, ['tags', 'VMID'])
        ._unsafeUnwrap()
        .map(({key}) => key),
    ).to.deep.equal(['tags', 'vmid'])
  })

  it('names the fields there are when one is unknown', () => {
    const failed = selectColumns(columns, ['nmae'])._unsafeUnwrapErr()
    expect(failed).to.include({kind: 'usage', message: '--columns names an unknown field "nmae"'})
    expect(failed.hint).to.include('did you mean name?').and.to.include('placement.node')
  })

  it('sorts by a field, naturally, and leaves the given rows alone', () => {
    expect(
      sortRows(rows, columns, 'name')
        ._unsafeUnwrap()
        .map(({vmid}) => vmid),
    ).to.deep.equal([9000, 101])
    expect(
      sortRows(rows, columns, 'vmid:desc')
        ._unsafeUnwrap()
        .map(({vmid}) => vmid),
    ).to.deep.equal([9000, 101])
    expect(rows[0]?.vmid).to.equal(101)
  })

  it('keeps what is missing last in both directions', () => {
    for (const sort of ['memoryBytes', 'memoryBytes:desc']) {
      expect(
        sortRows(rows, columns, sort)
          ._unsafeUnwrap()
          .map(({vmid}) => vmid),
      ).to.deep.equal([101, 9000])
    }
  })

  it('refuses an unknown field or direction', () => {
    expect(sortRows(rows, columns, 'nam')._unsafeUnwrapErr().message).to.include('--sort')
    expect(sortRows(rows, columns, 'name:down')._unsafeUnwrapErr().hint).to.include('name:desc')
  })
})

describe('tables', () => {
  it('aligns the columns and ends no line with blanks', () => {
    expect(renderTable(rows, columns.slice(0, 4), {header: true})).to.equal(
      ['VMID  NAME   MEMORY  NODE', ' 101  web10   4 GiB  pve1', '9000  web2        -  -', ''].join('\n'),
    )
  })

  it('prints nothing at all for no rows', () => {
    expect(renderTable([], columns, {header: true})).to.equal('')
  })

  it('counts wide characters as two cells', () => {
    expect(
      renderTable(
        [
          {a: '日本', b: 'x'},
          {a: 'abcd', b: 'y'},
        ],
        [{key: 'a'}, {key: 'b'}],
        {header: false},
      ),
    ).to.equal('日本  x\nabcd  y\n')
  })

  it('cuts the widest column to the width of a terminal', () => {
    const text = renderTable([{a: 'x'.repeat(50), b: 'short'}], [{key: 'a'}, {key: 'b'}], {header: false, maxWidth: 30})
    expect(text).to.equal(`${'x'.repeat(22)}…  short\n`)
  })

  it('cuts neither figures nor what another command takes, and nothing where that is not enough', () => {
    const row = {upid: 'UPID:pve1:0001', note: 'a longer remark', bytes: '1234567 KiB'}
    const columns = [{key: 'upid', whole: true}, {key: 'note'}, {key: 'bytes', align: 'right'}] as const
    const table = (maxWidth: number) => renderTable([row], columns, {header: false, maxWidth})
    expect(table(37)).to.equal('UPID:pve1:0001  a longe…  1234567 KiB\n')
    expect(table(30)).to.equal('UPID:pve1:0001  a longer remark  1234567 KiB\n')
  })

  it('shows control characters instead of obeying them', () => {
    expect(renderTable([{a: '\u001B[31mred\u001B[0m'}], [{key: 'a'}], {header: false})).to.equal(
      '\\x1b[31mred\\x1b[0m\n',
    )
  })

  it('prints one thing as fields, without those it does not have', () => {
    expect(renderFields(rows[1] as Row, columns)).to.equal('VMID  9000\nName  web2\n')
  })
})

describe('text width', () => {
  const widths: [string, number][] = [
    ['', 0],
    ['abc', 3],
    ['日本', 4],
    ['é', 1],
    ['e\u0301', 1],
    ['👍🏽', 2],
    ['—', 1],
  ]
  for (const [text, width] of widths)
    it(`${JSON.stringify(text)} takes ${width}`, () => expect(textWidth(text)).to.equal(width))

  it('never exceeds the width it cuts to', () => {
    for (let width = 1; width < 8; width++) expect(textWidth(truncate('a日本語b', width))).to.be.at.most(width)
  })

  it('makes line ends visible', () => expect(printable('a\nb\tc')).to.equal('a\\nb c'))
})

describe('csv', () => {
  it('keeps raw values and quotes what needs it', () => {
    const text = renderCsv(
      [{name: 'a,b', note: 'say "hi"\nthere', memoryBytes: 1024, tags: ['x', 'y']}, {name: 'c'}],
      [{key: 'name'}, {key: 'note'}, {key: 'memoryBytes', format: asBytes}, {key: 'tags'}],
      {header: true},
    )
    expect(text).to.equal('name,note,memoryBytes,tags\r\n"a,b","say ""hi""\nthere",1024,x;y\r\nc,,,\r\n')
  })
})

describe('human formats', () => {
  it('prints bytes, uptime, shares and times', () => {
    expect(asBytes(2 ** 31)).to.equal('2 GiB')
    expect(asUptime(273_600)).to.equal('3d 4h')
    expect([0, 0.004, 0.254, 1].map((value) => asPercent(value))).to.deep.equal(['0%', '0.4%', '25%', '100%'])
    expect(asTime('2026-01-31T12:00:05.123Z')).to.equal('2026-01-31 12:00:05Z')
  })
})

describe('rendering', () => {
  const options = (more: Partial<RenderOptions>): RenderOptions => ({format: 'json', header: true, ...more})

  it('prints an empty list as JSON, YAML, CSV and nothing', async () => {
    const text = async (format: RenderOptions['format']) =>
      (await render([], {columns}, options({format})))._unsafeUnwrap()
    expect(await text('json')).to.equal('[]\n')
    expect(await text('yaml')).to.equal('[]\n')
    expect(await text('csv')).to.equal('vmid,name,memoryBytes,placement.node,tags\r\n')
    expect(await text('table')).to.equal('')
    expect(await text('name')).to.equal('')
  })

  it('prints names, or what comes nearest', async () => {
    const text = (
      await render([{vmid: 1, name: 'web'}, {vmid: 2}, {upid: 'UPID:x'}], {}, options({format: 'name'}))
    )._unsafeUnwrap()
    expect(text).to.equal('web\n2\nUPID:x\n')
  })

  it('takes the table from the rows and the JSON from the whole', async () => {
    const value = {results: [{target: 'web', ok: true}], summary: {ok: 1, failed: 0}}
    const view = {columns: [{key: 'target'}], rows: value.results}
    expect((await render(value, view, options({format: 'table'})))._unsafeUnwrap()).to.equal('TARGET\nweb\n')
    expect(JSON.parse((await render(value, view, options({})))._unsafeUnwrap())).to.deep.equal(value)
  })

  it('refuses an unknown column in every format', async () => {
    for (const format of ['json', 'yaml', 'csv', 'name', 'table'] as const) {
      expect((await render(rows, {columns}, options({columns: ['no'], format})))._unsafeUnwrapErr().kind).to.equal(
        'usage',
      )
    }
  })
})

describe('jq', () => {
  const input = {name: 'web', list: [1, 2], nested: {a: null}}
  const cases: [string, string][] = [
    ['.name', 'web\n'],
    ['.list[]', '1\n2\n'],
    ['.list', '[\n  1,\n  2\n]\n'],
    ['empty', ''],
    ['""', '\n'],
    ['"a\\n"', 'a\n\n'],
    ['-1', '-1\n'],
    ['.name # a remark', 'web\n'],
    ['def f: .list | add; f', '3\n'],
    ['{"100":1,"7":2}', '{\n  "100": 1,\n  "7": 2\n}\n'],
    ['', `${JSON.stringify(input, null, 2)}\n`],
    ['.nested.a, .name | tojson', 'null\n"web"\n'],
  ]
  for (const [program, text] of cases) {
    it(`${JSON.stringify(program)} prints ${JSON.stringify(text)}`, async () => {
      expect((await runJq(input, program))._unsafeUnwrap()).to.equal(text)
    })
  }

  const errors: [string, RegExp][] = [
    ['.[', /syntax error.*\.\[/],
    ['.name.x', /Cannot index string/],
    ['.list[], error("late")', /late/],
    ['nosuch', /nosuch\/0 is not defined/],
  ]
  for (const [program, message] of errors) {
    it(`${program} fails with jq's message`, async () => {
      const failed = (await runJq(input, program))._unsafeUnwrapErr()
      expect(failed.kind).to.equal('usage')
      expect(failed.message).to.match(message).and.not.to.include('\n')
    })
  }
})

describe('which format an unparsed command line asks for', () => {
  const cases: [string[], Record<string, string>, boolean][] = [
    [['x', '--json'], {}, true],
    [['x', '-o', 'json'], {}, true],
    [['x', '-ojson'], {}, true],
    [['x', '-o=json'], {}, true],
    [['x', '-qo', 'json'], {}, true],
    [['x', '--output', 'json'], {}, true],
    [['x', '--output=json'], {}, true],
    [['x', '--jq', '.a'], {}, true],
    [['x', '--jq=.a'], {}, true],
    [['x'], {HOMELAB_OUTPUT: 'json'}, true],
    [['x', '-o', 'table'], {HOMELAB_OUTPUT: 'json'}, false],
    [['x', '--', '--json'], {}, false],
    [['x', '-o', 'yaml'], {}, false],
    [['x', '--jsonx'], {}, false],
    [['x'], {}, false],
  ]
  for (const [argv, env, expected] of cases) {
    it(`${argv.join(' ')} ${JSON.stringify(env)}: ${expected ? 'JSON' : 'not JSON'}`, () => {
      expect(wantsJson(argv, env)).to.equal(expected)
    })
  }
})
