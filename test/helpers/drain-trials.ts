import type {Failure} from '../../src/domain/failure.js'
import type {Patience} from '../../src/services/patience.js'
import {DrainLab, GIB, Killed, Mortal, type LabGuest} from './drain-lab.js'
import {dice} from './random-clusters.js'

const PATIENCE: Patience = {deadline: Number.MAX_SAFE_INTEGER}
const IMMORTAL = 0

/** What was wrong in so many random drains, each killed a few times on the way out, resumed, and half of them killed on the way back. */
export async function drainTrials(rounds: number, seed: number): Promise<{wrongs: string[]; kills: number}> {
  const wrongs: string[] = []
  let kills = 0
  for (let round = 0; round < rounds; round++) {
    const trial = await drainTrial(seed + round)
    kills += trial.kills
    wrongs.push(...trial.wrongs.map((wrong) => `seed ${seed + round}: ${wrong}`))
  }

  return {wrongs, kills}
}

async function drainTrial(seed: number): Promise<{wrongs: string[]; kills: number}> {
  const random = dice(seed).next
  const nodes = new Map(Array.from({length: 2 + Math.floor(random() * 4)}, (_, n) => [`n${n + 1}`, 64 * GIB]))
  const guests = Array.from({length: 3 + Math.floor(random() * 10)}, (_, n): LabGuest => ({
    vmid: 100 + n,
    type: random() < 0.6 ? 'qemu' : 'lxc',
    node: n < 2 || random() < 0.7 ? 'n1' : `n${1 + Math.floor(random() * nodes.size)}`,
    status: random() < 0.85 ? 'running' : 'stopped',
    memoryBytes: (1 + Math.floor(random() * 3)) * GIB,
    pinned: random() < 0.15,
  }))
  const parallel = 1 + Math.floor(random() * 3)
  const withStopped = random() < 0.4
  const drain = (lab: DrainLab, mortal: Mortal) => async (): Promise<Failure | undefined> => {
    const {drains} = lab.process(mortal)
    const plan = await drains.prepare('n1', {blocked: 'shutdown', withStopped}, PATIENCE)
    if (plan.isErr()) return plan.error
    const done = await drains.carryOut(plan.value, parallel, PATIENCE)
    return done.isErr() ? done.error : undefined
  }
  const home = (lab: DrainLab, mortal: Mortal) => async (): Promise<Failure | undefined> => {
    const {returns} = lab.process(mortal)
    const plan = await returns.prepare('n1', PATIENCE)
    if (plan.isErr()) return plan.error
    const done = await returns.carryOut(plan.value, parallel, PATIENCE)
    return done.isErr() ? done.error : done.value.failed[0]?.error
  }

  const calm = new DrainLab(nodes, guests, dice(seed + 1).next)
  const before = calm.state()
  const quiet = new Mortal(IMMORTAL, false)
  const wrongs = [await drain(calm, quiet)()].flatMap((failed) => failed?.message ?? [])
  const goal = calm.state()
  const outActs = quiet.acts

  const lab = new DrainLab(nodes, guests, dice(seed + 2).next)
  let kills = 0
  const untilDone = async (work: typeof drain, acts: number, deaths: number, resume = true): Promise<void> => {
    for (let life = 0; ; life++) {
      const diesAt = life < deaths ? 1 + Math.floor(random() * acts) : IMMORTAL
      try {
        const failed = await work(lab, new Mortal(diesAt, random() < 0.5))()
        if (failed !== undefined) wrongs.push(failed.message)
        return
      } catch (error) {
        if (!(error instanceof Killed)) throw error
        kills++
        // The next life begins while things are under way, or long after.
        if (random() < 0.3) lab.rest()
        if (!resume) return
      }
    }
  }

  if (random() < 0.3) await untilDone(drain, outActs, 1, false)
  else {
    await untilDone(drain, outActs, 1 + Math.floor(random() * 3))
    lab.rest()
    if (differ(lab.state(), goal)) {
      wrongs.push(`ends as ${JSON.stringify(lab.state())}, undisturbed as ${JSON.stringify(goal)}`)
    }
  }

  await untilDone(home, outActs, Math.floor(random() * 3))
  lab.rest()
  if (differ(lab.state(), before)) {
    wrongs.push(`is home as ${JSON.stringify(lab.state())}, was ${JSON.stringify(before)}`)
  }

  if (lab.journal !== undefined) wrongs.push(`the journal is left: ${lab.journal}`)
  return {wrongs: [...wrongs, ...calm.wrongs, ...lab.wrongs], kills}
}

function differ(one: object, other: object): boolean {
  return JSON.stringify(one) !== JSON.stringify(other)
}
