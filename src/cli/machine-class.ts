import {err, ok, type ResultAsync} from 'neverthrow'
import type {MachineClass} from '../config/configuration.js'
import {loadConfiguration} from '../config/load-configuration.js'
import type {Surroundings} from '../config/locations.js'
import {failure, type Failure} from '../domain/failure.js'
import {closest} from '../domain/suggest.js'

/** The machine class that `--class` names; `not-found` with the one that was meant. */
export function machineClassNamed(surroundings: Surroundings, name: string): ResultAsync<MachineClass, Failure> {
  return loadConfiguration(surroundings).andThen(({machineClasses, files}) => {
    const found = Object.hasOwn(machineClasses, name) ? machineClasses[name] : undefined
    if (found !== undefined) return ok(found)
    const names = Object.keys(machineClasses)
    const near = closest(name, names)
    return err(
      failure('not-found', `there is no machine class "${name}"`, {
        hint:
          names.length === 0
            ? `Describe it below machineClasses in ${files[0] ?? 'the configuration'}`
            : `${near === undefined ? '' : `Did you mean "${near}"? `}The classes are: ${names.join(', ')}`,
        details: {class: name, classes: names},
      }),
    )
  })
}
