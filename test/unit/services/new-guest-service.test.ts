import {expect} from 'chai'
import {errAsync, okAsync, type ResultAsync} from 'neverthrow'
import sinon from 'sinon'

import {failure, type Failure} from '../../../src/domain/failure.js'
import {NewGuestRepository} from '../../../src/repositories/new-guest-repository.js'
import {NewGuestService, type GuestPlace, type GuestWish} from '../../../src/services/new-guest-service.js'
import {TaskService} from '../../../src/services/task-service.js'
import {VmidPicker} from '../../../src/services/vmid-picker.js'
import {stubRepositories} from '../../helpers/stub-repositories.js'

const taken = failure('vmid-conflict', 'taken')
const lost = failure('outcome-unknown', 'lost')
const place: GuestPlace = {node: 'a', placement: {node: 'a', reason: 'the only node', rejected: []}}

function upidOf(n: number): string {
  return `UPID:a:0000000${n}:00000001:6B017633:qmcreate:101:root@pam:`
}

function wish(more: Partial<GuestWish> = {}): GuestWish {
  return {
    type: 'qemu',
    name: 'web',
    parametersOn: () => ({name: 'web', smbios1: 'uuid=ours'}),
    ...more,
  }
}

function setUp() {
  const {cluster, guests, tasks, timing} = stubRepositories()
  const creations = sinon.createStubInstance(NewGuestRepository)
  guests.config.callsFake(() => okAsync({name: 'web', smbios1: 'uuid=ours'}))
  const service = new NewGuestService(
    new VmidPicker(cluster, timing),
    creations,
    guests,
    tasks,
    new TaskService(tasks, timing),
    timing,
  )
  const onPlaced = sinon.spy()
  return {
    cluster,
    creations,
    guests,
    tasks,
    onPlaced,
    create: (asked = wish(), deadline = 1_000_000) => service.create(asked, place, {deadline}, {wait: true, onPlaced}),
    service,
    vmids: () => creations.create.getCalls().map(({args}) => args[2]),
    answers: (...replies: ResultAsync<string, Failure>[]) => {
      for (const [i, reply] of replies.entries()) creations.create.onCall(i).returns(reply)
    },
    running: (upid: string) =>
      tasks.list.callsFake(() =>
        okAsync([
          {
            upid,
            node: 'a',
            type: 'qmcreate',
            user: 'root@pam',
            state: 'ok' as const,
            startedAt: '1970-01-01T00:00:00Z',
          },
        ]),
      ),
  }
}

describe('making guests from nothing', () => {
  it('asks for a VMID and creates, and tells where once it was accepted', async () => {
    const {answers, create, creations, onPlaced, vmids} = setUp()
    answers(okAsync(upidOf(1)))
    const made = (await create())._unsafeUnwrap()
    expect(made).to.deep.include({vmid: 101, node: 'a', placement: place.placement})
    expect(made.task).to.include({outcome: 'ok', upid: upidOf(1)})
    expect(vmids()).to.deep.equal([101])
    expect(creations.create.firstCall.args).to.deep.equal([
      'qemu',
      'a',
      101,
      'web',
      {name: 'web', smbios1: 'uuid=ours'},
    ])
    sinon.assert.calledOnceWithExactly(onPlaced, place.placement)
  })

  it('picks another VMID when somebody was quicker, at once or in the task', async () => {
    const {answers, create, onPlaced, tasks, vmids} = setUp()
    answers(errAsync(taken), okAsync(upidOf(1)), okAsync(upidOf(2)))
    tasks.status.onFirstCall().returns(
      okAsync({
        running: false,
        exitStatus: "unable to create VM 102 - VM 102 already exists on node 'b'",
        startedAt: new Date(0),
      }),
    )
    const made = (await create())._unsafeUnwrap()
    expect(vmids()).to.have.length(3)
    expect(new Set(vmids()).size).to.equal(3)
    expect(made.vmid).to.equal(vmids()[2])
    sinon.assert.calledOnce(onPlaced)
  })

  it('never changes a VMID that was asked for', async () => {
    const {answers, create, vmids} = setUp()
    answers(errAsync(taken))
    const failed = (await create(wish({vmid: 150})))._unsafeUnwrapErr()
    expect(failed.kind).to.equal('vmid-conflict')
    expect(vmids()).to.deep.equal([150])
  })

  it('gives those that are made side by side a VMID each', async () => {
    const {creations, create, vmids} = setUp()
    creations.create.callsFake(() => okAsync(upidOf(1)))
    await Promise.all([create(), create(), create()])
    expect(vmids().sort()).to.deep.equal([101, 102, 103])
  })

  it('gives up when others are quicker for too long, or the time is over', async () => {
    const patient = setUp()
    patient.creations.create.callsFake(() => errAsync(taken))
    expect((await patient.create())._unsafeUnwrapErr().kind).to.equal('vmid-conflict')
    expect(patient.creations.create.callCount).to.equal(41)
    const hasty = setUp()
    hasty.creations.create.callsFake(() => errAsync(taken))
    expect((await hasty.create(wish(), 100))._unsafeUnwrapErr().kind).to.equal('timeout')
  })

  it('adopts its task when the answer was lost, once it knows that the guest is its own', async () => {
    const {answers, create, creations, guests, running} = setUp()
    answers(errAsync(lost))
    running(upidOf(7))
    const made = (await create())._unsafeUnwrap()
    expect(made.task.upid).to.equal(upidOf(7))
    expect(creations.create.callCount).to.equal(1)
    sinon.assert.calledOnce(guests.config)
  })

  it("leaves a rival's guest alone, although it took our VMID and our name", async () => {
    const {answers, create, guests, running, tasks, vmids} = setUp()
    answers(errAsync(lost), okAsync(upidOf(8)))
    running(upidOf(7))
    guests.config.callsFake(() => okAsync({name: 'web', smbios1: 'uuid=theirs'}))
    const made = (await create())._unsafeUnwrap()
    expect(made.vmid).not.to.equal(101)
    expect(made.task.upid).to.equal(upidOf(8))
    expect(vmids()).to.have.length(2)
    expect(tasks.list.callCount).to.equal(1)
  })

  it('sends the same request once more when it was lost on the way', async () => {
    const {answers, create, vmids} = setUp()
    answers(errAsync(lost), okAsync(upidOf(1)))
    expect((await create())._unsafeUnwrap().vmid).to.equal(101)
    expect(vmids()).to.deep.equal([101, 101])
  })

  it('looks once more when the second request hears that the VMID is taken', async () => {
    const {answers, create, tasks} = setUp()
    answers(errAsync(lost), errAsync(taken))
    for (const call of [0, 1, 2]) tasks.list.onCall(call).returns(okAsync([]))
    tasks.list.onCall(3).returns(
      okAsync([
        {
          upid: upidOf(9),
          node: 'a',
          type: 'qmcreate',
          user: 'root@pam',
          state: 'ok',
          startedAt: '1970-01-01T00:00:00Z',
        },
      ]),
    )
    expect((await create())._unsafeUnwrap().task.upid).to.equal(upidOf(9))
  })

  it('says that nobody knows when the answer is lost twice, and no task is to be seen', async () => {
    const {answers, create} = setUp()
    answers(errAsync(lost), errAsync(lost))
    const failed = (await create(wish({vmid: 150})))._unsafeUnwrapErr()
    expect(failed).to.deep.include({kind: 'outcome-unknown', details: {vmid: 150, name: 'web', node: 'a'}})
    expect(failed.hint).to.contain('task list --node a')
  })

  it('says of a task that failed which guest it was about', async () => {
    const {answers, create, tasks} = setUp()
    answers(okAsync(upidOf(1)))
    tasks.status.callsFake(() =>
      okAsync({running: false, exitStatus: 'unable to create VM 101 - no space left', startedAt: new Date(0)}),
    )
    const failed = (await create())._unsafeUnwrapErr()
    expect(failed.kind).to.equal('task-failed')
    expect(failed.details).to.include({vmid: 101, name: 'web', node: 'a'})
  })

  it('ends with the task under way where nobody waits', async () => {
    const {answers, service, tasks} = setUp()
    answers(okAsync(upidOf(1)))
    const begun = await service.create(wish(), place, {deadline: 1000}, {wait: false, onPlaced() {}})
    expect(begun._unsafeUnwrap().task.upid).to.equal(upidOf(1))
    sinon.assert.notCalled(tasks.status)
  })
})
