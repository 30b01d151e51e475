import {expect} from 'chai'

import {parseKeep, pruneMarks, type PruneCandidate} from '../../../src/simulator/backup/prune.js'

const at = (text: string): number => Date.parse(`${text}Z`) / 1000
const backups = (...times: string[]): PruneCandidate[] =>
  times.map((time) => ({volid: time, ctime: at(time), group: 'qemu/100'}))
const kept = (candidates: readonly PruneCandidate[], rules: string, timezone = 'Etc/UTC'): string[] =>
  [...pruneMarks(candidates, parseKeep(rules) ?? {}, timezone)]
    .filter(([, mark]) => mark === 'keep')
    .map(([volid]) => volid)
    .sort()

describe('retention of backups', () => {
  const week = backups(
    '2026-11-16T02:00:00',
    '2026-11-17T02:00:00',
    '2026-11-18T02:00:00',
    '2026-11-18T14:00:00',
    '2026-11-19T02:00:00',
  )

  it('keeps the newest', () => {
    expect(kept(week, 'keep-last=2')).to.deep.equal(['2026-11-18T14:00:00', '2026-11-19T02:00:00'])
  })

  it('counts two of the same second as one', () => {
    const [old, ...twins] = backups('2026-11-16T02:00:00', '2026-11-17T02:00:00', '2026-11-17T02:00:00')
    const candidates = [old!, ...twins.map((twin, index) => ({...twin, volid: `twin ${index}`}))]
    expect(kept(candidates, 'keep-last=2')).to.deep.equal(['2026-11-16T02:00:00', 'twin 0'])
  })

  it('keeps the newest of each day, and counts only days no other rule covers', () => {
    expect(kept(week, 'keep-daily=2')).to.deep.equal(['2026-11-18T14:00:00', '2026-11-19T02:00:00'])
    expect(kept(week, 'keep-last=1,keep-daily=2')).to.deep.equal([
      '2026-11-17T02:00:00',
      '2026-11-18T14:00:00',
      '2026-11-19T02:00:00',
    ])
  })

  it('knows ISO weeks, months and years', () => {
    const long = backups('2024-12-30T02:00:00', '2025-01-01T02:00:00', '2025-06-15T02:00:00', '2025-06-20T02:00:00')
    expect(kept(long, 'keep-weekly=9')).to.deep.equal([
      '2025-01-01T02:00:00',
      '2025-06-15T02:00:00',
      '2025-06-20T02:00:00',
    ])
    expect(kept(long, 'keep-monthly=9')).to.deep.equal([
      '2024-12-30T02:00:00',
      '2025-01-01T02:00:00',
      '2025-06-20T02:00:00',
    ])
    expect(kept(long, 'keep-yearly=1')).to.deep.equal(['2025-06-20T02:00:00'])
  })

  it('counts days on the clocks of the node', () => {
    const night = backups('2026-11-18T22:30:00', '2026-11-18T23:30:00')
    expect(kept(night, 'keep-daily=2')).to.have.length(1)
    expect(kept(night, 'keep-daily=2', 'Europe/Berlin')).to.have.length(2)
  })

  it('keeps everything without a rule or when told to', () => {
    expect(kept(week, '')).to.have.length(5)
    expect(kept(week, 'keep-all=1')).to.have.length(5)
  })

  it('neither removes nor counts what is protected or renamed, and counts each guest for itself', () => {
    const candidates: PruneCandidate[] = [
      {volid: 'protected', ctime: 30, group: 'qemu/100', protected: true},
      {volid: 'renamed', ctime: 40},
      {volid: 'new', ctime: 20, group: 'qemu/100'},
      {volid: 'old', ctime: 10, group: 'qemu/100'},
      {volid: 'other', ctime: 1, group: 'lxc/200'},
    ]
    expect(Object.fromEntries(pruneMarks(candidates, {last: 1}, 'Etc/UTC'))).to.deep.equal({
      protected: 'protected',
      renamed: 'renamed',
      new: 'keep',
      old: 'remove',
      other: 'keep',
    })
  })
})
