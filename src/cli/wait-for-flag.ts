import {Flags} from '@oclif/core'

import {parseWaitCondition, WAIT_CONDITIONS, type WaitCondition} from '../domain/wait-condition.js'
import type {ConditionReport} from '../services/wait-service.js'
import {parsedBy} from './flags.js'

/** Conditions, each written like `agent` or `tcp:22`. */
export const conditionFlag = Flags.custom<WaitCondition>({
  helpValue: 'CONDITION',
  multiple: true,
  multipleNonGreedy: true,
  parse: parsedBy(parseWaitCondition),
})

/** For commands that start a guest and may wait until it is of use. */
export const waitForFlag = {
  'wait-for': conditionFlag({
    description: `Then wait until this holds too; all of them, when repeated: ${WAIT_CONDITIONS.join(', ')}.`,
    helpGroup: 'WAITING',
  }),
}

export interface WaitForFlagValues {
  readonly 'wait-for'?: WaitCondition[] | undefined
}

/** The conditions that hold, for people: `running, ip4 (192.0.2.5)`. */
export function metConditions(conditions: readonly ConditionReport[]): string {
  return conditions
    .filter(({met}) => met)
    .map(({condition, lastSeen}) => (condition === lastSeen ? condition : `${condition} (${lastSeen})`))
    .join(', ')
}
