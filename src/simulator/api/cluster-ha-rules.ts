import {assertDigest, changed, digestOf, sectionValues, underLock} from '../config/sections.js'
import {hasRules, nodePriorities} from '../ha/placement.js'
import {die, PveError, type Json} from '../kernel/pve-error.js'

import type {Call, Routes} from '../kernel/call.js'
import type {PropertyRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

type Problems = Readonly<Record<string, readonly string[]>>

/** What 9.0 has instead of groups: where resources may run, and with whom. */
export const clusterHaRulesRoutes: Routes = {
  'GET /cluster/ha/rules'(call) {
    checkMigrated(call)
    const type = call.text('type')
    const resource = call.text('resource')
    return [...call.world.store.of('haRules').entries()]
      .filter(([, rule]) => type === undefined || rule['type'] === type)
      .filter(([, rule]) => resource === undefined || resourcesOf(rule).includes(resource))
      .map(([id, rule]) => answer(call.world, id, rule))
  },

  'GET /cluster/ha/rules/{rule}'(call) {
    checkMigrated(call)
    const id = call.required('rule')
    return answer(call.world, id, call.world.store.of('haRules').get(id) ?? die(`no such ha rule '${id}'`))
  },

  'POST /cluster/ha/rules'(call) {
    checkMigrated(call)
    const id = call.required('rule')
    underLock400('create ha rule failed', () => {
      const rules = call.world.store.of('haRules')
      if (rules.has(id)) die(`HA rule '${id}' already defined`)
      const rule = normal(sectionValues(call.params, 'rule'))
      checkMembers(call, rule)
      assertFeasible(call.world, id, rule)
      rules.put(id, rule)
    })
    return null
  },

  'PUT /cluster/ha/rules/{rule}'(call) {
    checkMigrated(call)
    const id = call.required('rule')
    underLock400('update HA rules failed', () => {
      const rules = call.world.store.of('haRules')
      assertDigest(call.text('digest'), digestOf(rules.entries()))
      const before = rules.get(id) ?? die(`HA rule '${id}' does not exist`)
      const values = sectionValues(call.params, 'rule', 'type', 'digest', 'delete')
      const required = before['type'] === 'node-affinity' ? ['resources', 'nodes'] : ['resources', 'affinity']
      const rule = normal(changed(before, values, call.list('delete'), {required}))
      checkMembers(call, normal(values))
      assertFeasible(call.world, id, rule)
      rules.put(id, rule)
    })
    return null
  },

  'DELETE /cluster/ha/rules/{rule}'(call) {
    checkMigrated(call)
    call.world.store.of('haRules').delete(call.required('rule'))
    return null
  },
}

function checkMigrated({world}: Call): void {
  if (!hasRules(world)) die('ha groups have not been migrated yet')
}

/** Like `underLock`, but the refusal of a rule keeps its status and its map. */
function underLock400(prefix: string, action: () => void): void {
  try {
    action()
  } catch (error) {
    if (error instanceof PveError && error.status === 400) throw error
    underLock(prefix, () => {
      throw error
    })
  }
}

function resourcesOf(rule: PropertyRecord): readonly string[] {
  return String(rule['resources'] ?? '')
    .split(/[\s,;]+/)
    .filter((sid) => sid !== '')
}

function normal(rule: PropertyRecord): PropertyRecord {
  return {
    ...rule,
    ...(rule['resources'] !== undefined && {resources: [...new Set(resourcesOf(rule))].sort().join(',')}),
    ...(rule['nodes'] !== undefined && {
      nodes: [...nodePriorities(String(rule['nodes']))]
        .map(([node, priority]) => (priority === 0 ? node : `${node}:${priority}`))
        .sort()
        .join(','),
    }),
  }
}

function answer(world: World, id: string, rule: PropertyRecord): {[key: string]: Json | undefined} {
  const problems = feasibility(world, id, rule)
  const order = [...world.store.of('haRules').keys()].indexOf(id) + 1
  return {
    ...rule,
    ...(rule['type'] === 'node-affinity' && {strict: rule['strict'] ?? 0}),
    rule: id,
    order,
    digest: digestOf(world.store.of('haRules').entries()),
    ...(Object.keys(problems).length > 0 && {errors: problems}),
  }
}

function checkMembers(call: Call, rule: PropertyRecord): void {
  const {store} = call.world
  const strangers = resourcesOf(rule).filter((sid) => !store.of('haResources').has(sid))
  if (strangers.length > 0) die(`cannot use unmanaged resource(s) ${strangers.join(', ')}.`)
  const members = new Set(call.world.members().map(({node}) => node))
  const unknown = [...nodePriorities(String(rule['nodes'] ?? '')).keys()].filter((node) => !members.has(node))
  if (unknown.length > 0) die(`cannot use non-existant node(s) ${unknown.sort().join(', ')}.`)
}

function assertFeasible(world: World, id: string, rule: PropertyRecord): void {
  const problems = feasibility(world, id, rule)
  const errors = Object.fromEntries(Object.entries(problems).map(([key, texts]) => [key, texts.join(', ')]))
  if (Object.keys(errors).length > 0) throw new PveError(400, `Rule '${id}' is invalid.`, errors)
}

/** What speaks against a rule, by option: it contradicts itself or another one. */
function feasibility(world: World, id: string, rule: PropertyRecord): Problems {
  if (rule['disable'] === 1) return {}
  const mine = resourcesOf(rule)
  const others = [...world.store.of('haRules').entries()]
    .filter(([other, candidate]) => other !== id && candidate['disable'] !== 1)
    .map(([, candidate]) => candidate)
  if (rule['type'] === 'node-affinity') {
    const taken = mine.filter((sid) =>
      others.some((other) => other['type'] === 'node-affinity' && resourcesOf(other).includes(sid)),
    )
    return taken.length === 0
      ? {}
      : {resources: taken.map((sid) => `resource '${sid}' is already used in another node affinity rule`)}
  }

  const problems: Record<string, string[]> = {}
  if (mine.length < 2) problems['resources'] = ['rule is ineffective as there are less than two resources']
  const nodes = world.members().length
  if (rule['affinity'] === 'negative' && mine.length > nodes)
    (problems['resources'] ??= []).push('rule defines more resources than available nodes for these to be separated on')
  const opposite = rule['affinity'] === 'positive' ? 'negative' : 'positive'
  const isContradicted = others.some(
    (other) =>
      other['type'] === 'resource-affinity' &&
      other['affinity'] === opposite &&
      resourcesOf(other).filter((sid) => mine.includes(sid)).length >= 2,
  )
  if (isContradicted)
    (problems['resources'] ??= []).push(`rule shares two or more resources with a ${opposite} resource affinity rule`)
  return problems
}
