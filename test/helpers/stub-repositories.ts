import {okAsync} from 'neverthrow'
import sinon from 'sinon'

import {ClusterRepository} from '../../src/repositories/cluster-repository.js'
import {GuestRepository} from '../../src/repositories/guest-repository.js'
import {TaskRepository} from '../../src/repositories/task-repository.js'

/** A clock on which waiting costs nothing, and an empty cluster whose tasks all succeed at once. */
export function stubRepositories() {
  let now = 0
  const timing = {
    now: () => now,
    random: () => 0.5,
    sleep: async (ms: number) => {
      now += ms
    },
  }
  const cluster = sinon.createStubInstance(ClusterRepository)
  const guests = sinon.createStubInstance(GuestRepository)
  const tasks = sinon.createStubInstance(TaskRepository)
  cluster.nextId.callsFake(() => okAsync(101))
  cluster.resources.callsFake(() => okAsync({nodes: [], guests: [], storages: []}))
  cluster.vmidRange.callsFake(() => okAsync({lower: 100, upper: 200}))
  tasks.status.callsFake(() => okAsync({running: false, exitStatus: 'OK', startedAt: new Date(0)}))
  tasks.log.callsFake(() => okAsync([]))
  tasks.list.callsFake(() => okAsync([]))
  return {timing, cluster, guests, tasks}
}
