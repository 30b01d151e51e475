import {frontDoorChecks} from '../front-door-checks.js'
import {Call, Download, type Routes} from '../kernel/call.js'
import {die, errorText, paramError, PveError, type Json} from '../kernel/pve-error.js'

import type {Params} from '../kernel/call.js'

interface Command {
  readonly method: string
  readonly path: string
  readonly args?: Params
}

/** Several calls in one, which only root may make. Each has its own status. */
export function nodeExecuteRoutes(routes: Routes): Routes {
  return {
    async 'POST /nodes/{node}/execute'(call) {
      const answers: Json[] = []
      for (const command of JSON.parse(call.required('commands')) as readonly Command[])
        answers.push(await execute(call, routes, command))
      return answers
    },
  }
}

async function execute(call: Call, routes: Routes, {method, path, args = {}}: Command): Promise<Json> {
  const {world, user, via, node} = call
  try {
    const found = world.schema.match(method, path) ?? die(`no handler for '${path}'`)
    const handler = routes[`${method} ${found.template}`] ?? die(`no handler for '${path}'`)
    for (const name of Object.keys(args))
      if (Object.hasOwn(found.pathParams, name)) paramError({[name]: 'duplicate parameter'})
    const raw: Params = {...args, ...found.pathParams}
    frontDoorChecks.checkPermission(found.method, user, raw, world)
    const params = frontDoorChecks.validate(found.method, raw)
    const data = await handler(
      new Call({method: found.method.method, template: found.template, params, raw, user, via, node, world}),
    )
    return {status: 200, data: data instanceof Download ? data.text : (data ?? null)}
  } catch (error) {
    const {status, errors} = error instanceof PveError ? error : {status: 500, errors: undefined}
    return {status, message: errorText(error), ...(errors && {errors})}
  }
}
