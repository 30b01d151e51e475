/** The kinds of second factor that can be typed; what needs a browser (webauthn, u2f) cannot be used here. */
export type SecondFactorKind = 'recovery' | 'totp' | 'yubico'

export interface SecondFactorChallenge {
  readonly username: string
  /** What the account has set up and can be typed. */
  readonly kinds: readonly SecondFactorKind[]
  /** The numbers of the recovery keys that are still unused. */
  readonly recoveryKeys?: readonly number[]
  /** From 1; more than 1 means that the last code was wrong. */
  readonly attempt: number
}

/** Asks for a code. Undefined gives up. */
export type AskSecondFactor = (
  challenge: SecondFactorChallenge,
) => Promise<{readonly kind: SecondFactorKind; readonly code: string} | undefined>
