import {expect} from 'chai'
import {appendFileSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

import {type Batch, type Disk, openJournal, replayed} from '../../../src/simulator/kernel/journal.js'
import {Store} from '../../../src/simulator/kernel/store.js'

const pool = (poolid: string, vms: readonly number[] = []) => ({poolid, vms, storages: []})

describe('simulator store', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'homelab-store-'))
  })
  afterEach(() => rmSync(directory, {recursive: true, force: true}))

  it('has every flushed change after a death without close', () => {
    const store = new Store(directory)
    store.of('pools').put('a', pool('a'))
    store.of('pools').put('b', pool('b', [1]))
    store.flush()
    store.of('pools').delete('a')
    store.of('pools').update('b', {vms: [1, 2], comment: 'x'})
    store.append('taskLogs', 'UPID:x', 'one', 'two')
    store.flush()
    store.append('taskLogs', 'UPID:x', 'three')
    store.flush()
    store.of('pools').put('lost', pool('lost'))

    const again = new Store(directory)
    expect(again.resumed).to.equal(true)
    expect([...again.of('pools').entries()]).to.deep.equal([['b', {...pool('b', [1, 2]), comment: 'x'}]])
    expect(again.of('taskLogs').get('UPID:x')).to.deep.equal(['one', 'two', 'three'])
  })

  it('writes a turn that nobody flushed at its end', async () => {
    const store = new Store(directory)
    store.of('pools').put('a', pool('a'))
    await new Promise(setImmediate)
    expect(new Store(directory).of('pools').has('a')).to.equal(true)
  })

  it('drops a torn last line and goes on behind the last whole one', () => {
    const store = new Store(directory)
    store.of('pools').put('a', pool('a'))
    store.flush()
    appendFileSync(join(directory, 'journal-0.jsonl'), '{"t":1,"w":[["pools","b",{"poo')

    const second = new Store(directory)
    expect([...second.of('pools').keys()]).to.deep.equal(['a'])
    second.of('pools').put('c', pool('c'))
    second.flush()
    expect([...new Store(directory).of('pools').keys()]).to.deep.equal(['a', 'c'])
  })

  it('has the lines of a log once after a torn last line', () => {
    const store = new Store(directory)
    store.append('taskLogs', 'UPID:x', 'one')
    store.compact()
    store.append('taskLogs', 'UPID:x', 'two')
    store.flush()
    appendFileSync(join(directory, 'journal-1.jsonl'), '{"t":1,"w":[["taskLo')
    expect(new Store(directory).of('taskLogs').get('UPID:x')).to.deep.equal(['one', 'two'])
  })

  it('keeps a record put and extended in one turn whole', () => {
    const store = new Store(directory)
    store.of('taskLogs').put('u', [])
    store.append('taskLogs', 'u', 'first')
    store.flush()
    expect(new Store(directory).of('taskLogs').get('u')).to.deep.equal(['first'])
  })

  it('remembers the virtual time of the last write', () => {
    const store = new Store(directory, () => 5_000_000_000_000)
    store.of('pools').put('a', pool('a'))
    store.flush()
    expect(new Store(directory).loadedTime).to.equal(5_000_000_000_000)
  })

  it('folds the journal into the snapshot on close', () => {
    const store = new Store(directory)
    store.of('pools').put('a', pool('a'))
    store.close()
    expect(readdirSync(directory).sort()).to.deep.equal(['journal-1.jsonl', 'state.json'])
    expect([...new Store(directory).of('pools').keys()]).to.deep.equal(['a'])
  })

  it('lives in memory without a directory', () => {
    const store = new Store()
    store.of('pools').put('a', pool('a'))
    store.append('taskLogs', 'u', 'x')
    store.close()
    expect(store.of('pools').get('a')).to.deep.equal(pool('a'))
  })

  it('refuses to update what is not there, and removes fields set to undefined', () => {
    const store = new Store()
    expect(() => store.of('pools').update('a', {comment: 'x'})).to.throw("no record 'a'")
    store.of('pools').put('a', {...pool('a'), comment: 'x'})
    expect(store.of('pools').update('a', {comment: undefined})).to.deep.equal(pool('a'))
  })
})

describe('simulator journal, cut at any point of a compaction', () => {
  class Crash extends Error {}

  /** A disk that dies after so many operations, in the middle of a file if it is a write. */
  function dyingDisk(operations: number): Disk {
    let left = operations
    const step = (run: () => void, half?: () => void): void => {
      if (left === 0) {
        half?.()
        throw new Crash()
      }

      left--
      run()
    }

    const path = (from: string, text: string): void => {
      rmSync(from, {force: true})
      appendFileSync(from, text)
    }

    return {
      writeFile: (file, text) =>
        step(
          () => path(file, text),
          () => path(file, text.slice(0, text.length / 2)),
        ),
      rename(from, to) {
        step(() => renameSync(from, to))
      },
      remove: (file) => step(() => rmSync(file, {force: true})),
    }
  }

  const batches: readonly Batch[] = [
    {
      t: 1,
      w: [
        ['pools', 'a', {n: 1}],
        ['pools', 'b', {n: 2}],
      ],
    },
    {
      t: 2,
      w: [
        ['pools', 'a', null],
        ['logs', 'l', ['x'], 1],
      ],
    },
    {t: 3, w: [['logs', 'l', ['y', 'z'], 1]]},
  ]
  const state = {pools: [['b', {n: 2}]], logs: [['l', ['x', 'y', 'z']]]}

  for (let operations = 0; operations <= 3; operations++) {
    it(`loses nothing after ${operations} operations`, () => {
      const directory = mkdtempSync(join(tmpdir(), 'homelab-journal-'))
      try {
        const {journal} = openJournal(directory, dyingDisk(operations))
        for (const batch of batches) journal.append(batch)
        try {
          journal.compact(replayed({snapshot: {}, batches}), 3)
        } catch (error) {
          if (!(error instanceof Crash)) throw error
        }

        const second = openJournal(directory)
        expect(replayed(second.loaded)).to.deep.equal(state)
        expect(second.loaded.time).to.equal(3)
        second.journal.append({t: 4, w: [['pools', 'c', {n: 3}]]})
        expect(existsSync(join(directory, 'state.json.tmp'))).to.equal(false)
        expect(replayed(openJournal(directory).loaded)['pools']).to.deep.include(['c', {n: 3}])
      } finally {
        rmSync(directory, {recursive: true, force: true})
      }
    })
  }
})
