import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from './failure.js'

/** Which guests a command is about: by name or VMID, or by selectors, or all of them. */
export interface GuestChoice {
  readonly names: readonly string[]
  readonly selectors: readonly string[]
  readonly all: boolean
}

/**
 * Two ways at once could mean both together as well as what they have in common.
 * @returns `usage` where guests are chosen in more than one way; none at all is for the command to judge
 */
export function chosenOneWay<Choice extends GuestChoice>(choice: Choice): Result<Choice, Failure> {
  const {all, names, selectors} = choice
  const ways = [
    ...(selectors.length === 0 ? [] : [selectors.map((selector) => `-l ${selector}`).join(' ')]),
    ...(all ? ['--all'] : []),
  ]
  const [first, second] = ways
  if (first === undefined || (names.length === 0 && second === undefined)) return ok(choice)
  const message =
    names.length === 0
      ? `guests are chosen by ${first} and by ${second} too`
      : `guests are named (${names.join(', ')}) and chosen by ${ways.join(' and ')} too`
  const hint = 'Give names alone, or -l/--selector alone, or --all alone'
  return err(failure('usage', message, {hint, details: {field: 'selector', names, selectors, all}}))
}
