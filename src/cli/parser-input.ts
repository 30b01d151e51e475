import type {Interfaces} from '@oclif/core'

/** An argument is never read from stdin: it would swallow the input of a `while read` loop around the command. */
export function withoutStdin(args: Interfaces.ArgInput | undefined): Interfaces.ArgInput {
  return Object.fromEntries(Object.entries(args ?? {}).map(([name, arg]) => [name, {...arg, ignoreStdin: true}]))
}

/** A repeatable flag takes one value each time: `-l tag=dev web` must not take `web` for a second selector. */
export function nonGreedy<T extends object | undefined>(flags: T): T {
  if (!flags) return flags
  return Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [name, flag.multiple ? {...flag, multipleNonGreedy: true} : flag]),
  ) as T
}

/** oclif says undefined of a boolean flag that is not there. It is false then, as its type says; one with a `--no-` form stays open. */
export function settleFlags(values: Record<string, unknown>, flags: Interfaces.FlagInput): void {
  for (const [name, flag] of Object.entries(flags)) {
    if (flag.type === 'boolean' && flag.allowNo !== true) values[name] ??= false
  }
}
