/**
 * Stands in for undici in the bundle. proxmox-api imports it for its own engine only, and that engine is never built here: requests go through the
 * engine in src/proxmox. Should anything reach for it all the same, it fails loudly instead of talking past the certificate pin.
 */
export function fetch() {
  throw new Error('The stock engine of proxmox-api is not part of this build.');
}
