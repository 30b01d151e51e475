import {expect} from 'chai'
import {errAsync, ok, okAsync, type ResultAsync} from 'neverthrow'

import {failure, type Failure} from '../../../src/domain/failure.js'
import type {Guest} from '../../../src/domain/guest.js'
import type {Candidate} from '../../../src/domain/placement.js'
import {CloneService, type Place} from '../../../src/services/clone-service.js'
import {TaskService} from '../../../src/services/task-service.js'
import {VmidPicker} from '../../../src/services/vmid-picker.js'
import {stubRepositories} from '../../helpers/stub-repositories.js'

const template: Guest = {
  vmid: 9000,
  name: 'debian',
  type: 'qemu',
  node: 'a',
  status: 'stopped',
  template: true,
  tags: [],
}
const vmidTaken = failure('vmid-conflict', 'taken')
const lostAnswer = failure('outcome-unknown', 'lost')

function upidOf(n: number): string {
  return `UPID:a:0000000${n}:00000001:6B017633:qmclone:9000:root@pam:`
}

function on(node: string): Candidate {
  return {node, source: template, storage: undefined, guestCount: 0}
}

/** A cluster whose every node takes the clone, the first that was not refused. */
function placeOn(...nodes: string[]): Place {
  return (refused) => {
    const candidates = nodes.filter((node) => !refused.has(node)).map((node) => on(node))
    return ok({placement: {candidates, rejected: []}, candidate: candidates[0]!})
  }
}

function setUp() {
  const {cluster, guests, tasks, timing} = stubRepositories()
  const service = new CloneService(
    new VmidPicker(cluster, timing),
    guests,
    tasks,
    new TaskService(tasks, timing),
    timing,
  )
  const clone = (place: Place, vmid?: number) =>
    service.clone(
      {name: 'web', linked: false, ...(vmid !== undefined && {vmid})},
      place,
      {deadline: 1_000_000},
      {wait: true, onPlaced() {}},
    )
  const answers = (...replies: ResultAsync<string, Failure>[]) => {
    for (const [i, reply] of replies.entries()) guests.clone.onCall(i).returns(reply)
  }

  return {cluster, guests, tasks, clone, answers}
}

describe('cloning', () => {
  it('sends one request for a VMID and one for the clone', async () => {
    const {cluster, guests, clone, answers} = setUp()
    answers(okAsync(upidOf(1)))
    const done = (await clone(placeOn('a')))._unsafeUnwrap()
    expect(done).to.include({vmid: 101})
    expect(done.task).to.include({outcome: 'ok', upid: upidOf(1)})
    expect(cluster.nextId.callCount + cluster.resources.callCount + cluster.vmidRange.callCount).to.equal(1)
    expect(guests.clone.firstCall.args[1]).to.deep.equal({newid: 101, name: 'web', full: true})
  })

  it('names the target only when it is another node', async () => {
    const {guests, clone, answers} = setUp()
    answers(okAsync(upidOf(1)))
    await clone(placeOn('b'))
    expect(guests.clone.firstCall.args[1]).to.include({target: 'b'})
  })

  it('picks another VMID when somebody was quicker, at once or in the task', async () => {
    const {guests, tasks, clone, answers} = setUp()
    answers(errAsync(vmidTaken), okAsync(upidOf(1)), okAsync(upidOf(2)))
    tasks.status.onFirstCall().returns(
      okAsync({
        running: false,
        exitStatus: "close (rename) atomic file '/etc/pve/nodes/a/qemu-server/104.conf' failed: File exists",
        startedAt: new Date(0),
      }),
    )
    const done = (await clone(placeOn('a')))._unsafeUnwrap()
    const tried = guests.clone.getCalls().map((call) => call.args[1].newid)
    expect(tried).to.have.length(3)
    expect(new Set(tried).size).to.equal(3)
    expect(done.vmid).to.equal(tried[2])
  })

  it('picks another VMID when a rival is busy with the one it has', async () => {
    const {guests, tasks, clone, answers} = setUp()
    answers(okAsync(upidOf(1)), okAsync(upidOf(2)))
    tasks.status.onFirstCall().returns(
      okAsync({
        running: false,
        exitStatus: "can't lock file '/var/lock/qemu-server/lock-101.conf' - got timeout",
        startedAt: new Date(0),
      }),
    )
    const done = (await clone(placeOn('a')))._unsafeUnwrap()
    expect(done.vmid).not.to.equal(101)
    expect(guests.clone.callCount).to.equal(2)
  })

  it('waits for a lock with the VMID that was asked for', async () => {
    const {guests, clone, answers} = setUp()
    answers(errAsync(failure('locked', 'busy', {details: {reason: 'lock-timeout'}})), okAsync(upidOf(1)))
    expect((await clone(placeOn('a'), 150))._unsafeUnwrap().vmid).to.equal(150)
    expect(guests.clone.getCalls().map((call) => call.args[1].newid)).to.deep.equal([150, 150])
  })

  it('never changes a VMID that was asked for', async () => {
    const {guests, clone, answers} = setUp()
    answers(errAsync(vmidTaken))
    expect((await clone(placeOn('a'), 150))._unsafeUnwrapErr().kind).to.equal('vmid-conflict')
    expect(guests.clone.callCount).to.equal(1)
  })

  it('gives up after a bound', async () => {
    const {guests, clone} = setUp()
    guests.clone.callsFake(() => errAsync(vmidTaken))
    expect((await clone(placeOn('a')))._unsafeUnwrapErr().kind).to.equal('vmid-conflict')
    expect(guests.clone.callCount).to.be.within(2, 60)
  })

  it('takes the next node when the server says that the disks are local', async () => {
    const {clone, answers} = setUp()
    answers(errAsync(failure('refused', 'local', {details: {reason: 'local-storage'}})), okAsync(upidOf(1)))
    expect((await clone(placeOn('b', 'a')))._unsafeUnwrap().candidate.node).to.equal('a')
  })

  it('adopts the task of a clone whose answer was lost', async () => {
    const {guests, tasks, clone, answers} = setUp()
    answers(errAsync(lostAnswer))
    const listed = (n: number) => ({
      upid: upidOf(n),
      node: 'a',
      type: 'qmclone',
      user: 'root@pam',
      state: 'running' as const,
      startedAt: '',
    })
    tasks.list.callsFake(() => okAsync([listed(1), listed(2)]))
    tasks.log.callsFake((upid) =>
      okAsync([`Formatting '/images/${upid.upid === upidOf(2) ? 101 : 107}/vm.qcow2', size=1`]),
    )
    expect((await clone(placeOn('a')))._unsafeUnwrap().task.upid).to.equal(upidOf(2))
    expect(guests.clone.callCount).to.equal(1)
  })

  it('repeats a lost request once with the same VMID, which can be taken only once', async () => {
    const {guests, clone, answers} = setUp()
    answers(errAsync(lostAnswer), okAsync(upidOf(1)))
    expect((await clone(placeOn('a')))._unsafeUnwrap().vmid).to.equal(101)
    expect(guests.clone.getCalls().map((call) => call.args[1].newid)).to.deep.equal([101, 101])
  })

  it('says that the outcome is unknown when the answer is lost twice', async () => {
    const {guests, clone} = setUp()
    guests.clone.callsFake(() => errAsync(lostAnswer))
    const failed = (await clone(placeOn('a')))._unsafeUnwrapErr()
    expect(failed.kind).to.equal('outcome-unknown')
    expect(failed.details).to.include({vmid: 101})
    expect(guests.clone.callCount).to.equal(2)
  })
})
