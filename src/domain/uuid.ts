/** A version 4 UUID. @param random uniform in [0, 1) */
export function uuidFrom(random: () => number): string {
  const digits = Array.from({length: 32}, (_, index) => {
    const digit = Math.floor(random() * 16)
    return (index === 12 ? 4 : index === 16 ? 8 + (digit % 4) : digit).toString(16)
  }).join('')
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
