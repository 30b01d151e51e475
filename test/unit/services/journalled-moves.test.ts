import {expect} from 'chai'
import {ok} from 'neverthrow'

import type {DrainJournal} from '../../../src/domain/drain-journal.js'
import {PLACEMENT_POLICY} from '../../../src/domain/guest-reach.js'
import {JournalKeeper} from '../../../src/services/journal-keeper.js'
import {JournalledMoves, type JournalledMove, type MoverParts} from '../../../src/services/journalled-moves.js'
import {FakeClock} from '../../helpers/fake-clock.js'

const GIB = 2 ** 30

describe('moves that a journal tells of', () => {
  const step = (vmid: number): JournalledMove => ({
    vmid,
    type: 'qemu',
    from: 'n1',
    to: 'n2',
    manner: 'online',
    memoryBytes: 4 * GIB,
    copies: false,
    begun: false,
    before: 'begun',
    undone: 'planned',
  })

  /** What becomes of a move of 101, begun while that of 100 to the same node is under way; where 100 is listed meanwhile. */
  const second = async (listed: {node: string; status: string}, gib: number) => {
    let seen = {node: 'n1', status: 'running'}
    let end = (): void => undefined
    const over = new Promise<void>((resolve) => {
      end = resolve
    })
    let journal: DrainJournal = {
      version: 1,
      node: 'n1',
      run: 'this',
      begunAt: '',
      phase: 'draining',
      blocked: 'fail',
      steps: [],
    }
    const store = {
      read: () => ok(journal),
      write(next: DrainJournal) {
        journal = next
        return ok(undefined)
      },
      remove: () => ok(undefined),
    }
    const guest = (vmid: number, at: object) => ({vmid, type: 'qemu', template: false, memoryBytes: 4 * GIB, ...at})
    const parts = {
      policy: PLACEMENT_POLICY,
      timing: {...new FakeClock(), now: () => 0, random: () => 0.5},
      mover: {
        async move({vmid}: {vmid: number}) {
          if (vmid === 100) await over
          return ok({node: 'n2'})
        },
      },
      watch: {
        quorum: async () => ok(undefined),
        settled: async () =>
          ok({
            nodes: [{node: 'n2', status: 'online', memoryBytes: 10 * GIB, memoryUsedBytes: 0}],
            guests: [guest(100, seen), guest(101, {node: 'n1', status: 'running'})],
            storages: [],
          }),
      },
    }
    const keeper = JournalKeeper.take(store, journal)._unsafeUnwrap()
    const moves = new JournalledMoves(parts as unknown as MoverParts, keeper, {deadline: Number.MAX_SAFE_INTEGER})
    const first = moves.move(step(100))
    await new Promise(setImmediate)
    seen = listed
    const done = await moves.move({...step(101), memoryBytes: gib * GIB})
    end()
    expect((await first).isOk()).to.equal(true)
    return done.isOk() ? 'moved' : done.error.kind
  }

  it('count a guest on its way once, wherever it is listed', async () => {
    for (const listed of [
      {node: 'n1', status: 'running'},
      {node: 'n2', status: 'running'},
      {node: 'n2', status: 'stopped'},
    ]) {
      // Of 10 GiB 9 may be taken, 4 of them are on their way.
      expect(await second(listed, 5), JSON.stringify(listed)).to.equal('moved')
      expect(await second(listed, 6), JSON.stringify(listed)).to.equal('no-capacity')
    }
  })
})
