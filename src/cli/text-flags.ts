import {Flags} from '@oclif/core'

/** A flag with a text. */
export const textFlag = (description: string, helpValue: string, helpGroup?: string) =>
  Flags.string({description, helpValue, ...(helpGroup !== undefined && {helpGroup})})

/** A repeatable flag, which takes one text each time. */
export const textsFlag = (description: string, helpValue: string, helpGroup?: string) =>
  Flags.string({
    description,
    helpValue,
    ...(helpGroup !== undefined && {helpGroup}),
    multiple: true,
    multipleNonGreedy: true,
  })
