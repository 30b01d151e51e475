const SERIAL_PORT = /^serial[0-3]$/

/**
 * The serial port of a VM that a console can be on: one that leads to a socket, not to hardware (reference 2.7).
 * @param config the VM's options by name
 * @param asked the port to use; without it that of the display, if it is one, or the first
 */
export function serialPortIn(config: Readonly<Record<string, unknown>>, asked?: string): string | undefined {
  const ports = Object.keys(config)
    .filter((key) => SERIAL_PORT.test(key) && config[key] === 'socket')
    .sort()
  if (asked !== undefined) return ports.find((port) => port === asked)
  const display = /^(?:type=)?(serial[0-3])(?:,|$)/.exec(String(config['vga'] ?? ''))?.[1]
  return ports.find((port) => port === display) ?? ports[0]
}
