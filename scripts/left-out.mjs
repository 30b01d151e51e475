/**
 * Stands in for packages that others import but that never run here; scripts/bundle-diet.mjs says which and why. Should one be reached for all the same, it
 * fails loudly.
 */
const leftOut = (name) => () => {
  throw new Error(`${name} is not part of this build.`)
}

// undici, for proxmox-api's own engine: requests go through src/proxmox, so that none gets past the certificate pin.
export const fetch = leftOut('undici')
// tinyglobby, minimatch and lilconfig, for oclif without a manifest, with plugins, and with its configuration outside package.json.
export const glob = leftOut('tinyglobby')
export const minimatch = leftOut('minimatch')
export const lilconfig = leftOut('lilconfig')
// semver, for oclif's warning about the version of Node, which bin/run.js switches off.
export const satisfies = leftOut('semver')

// cli-spinners: oclif builds its own spinner at every start on a terminal; the one that is shown is in src/cli.
const still = {frames: ['…'], interval: 1000}
export default {dots2: still, line: still}
