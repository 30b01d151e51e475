/** A Proxmox VE cluster that runs in a process, for tests of whatever talks to one: `import {startSimulator} from 'homelab/simulator'`. */
export {startSimulator} from './start-simulator.js'
export type {Simulator, SimulatorOptions} from './start-simulator.js'
export type {
  Fixture,
  FixtureGuest,
  FixtureNode,
  FixtureStorage,
  FixtureToken,
  FixtureUser,
  FixtureVolume,
} from './fixtures/fixture.js'
export {FaultError} from './faults/fault.js'
export type {
  ActiveFault,
  ClusterFault,
  FaultEvent,
  FaultKind,
  FaultSpec,
  RequestFault,
  TaskFaultSpec,
} from './faults/fault.js'
export type {Faults} from './faults/faults.js'
export type {Interference, InterferedRequest, Interruption} from './http/server.js'
