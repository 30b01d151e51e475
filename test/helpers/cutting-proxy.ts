import net from 'node:net'
import type {AddressInfo, Socket} from 'node:net'

/** Passes TCP connections on to a server, and can cut one in the middle. */
export interface CuttingProxy {
  readonly port: number
  /** The next connection ends as soon as so many bytes of the client have been passed on. */
  cutNextAfter(bytes: number): void
  /** Of the connection that was cut or was to be cut: how many bytes of the client were passed on. */
  readonly passed: number
  close(): Promise<void>
}

export async function cuttingProxy(target: {readonly host: string; readonly port: number}): Promise<CuttingProxy> {
  const open = new Set<Socket>()
  let next: number | undefined
  const proxy = {passed: 0}
  const server = net.createServer((client) => {
    const limit = next
    next = undefined
    const onward = net.connect(target)
    const end = (): void => {
      client.destroy()
      onward.destroy()
    }

    for (const socket of [client, onward]) {
      open.add(socket)
      socket.on('error', end)
      socket.on('close', () => {
        open.delete(socket)
        end()
      })
    }

    onward.pipe(client)
    if (limit === undefined) {
      client.pipe(onward)
      return
    }

    proxy.passed = 0
    client.on('data', (chunk: Buffer) => {
      const part = chunk.subarray(0, limit - proxy.passed)
      proxy.passed += part.length
      if (proxy.passed >= limit) onward.write(part, () => setImmediate(end))
      else if (!onward.write(part)) {
        client.pause()
        onward.once('drain', () => client.resume())
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(proxy, {
    port: (server.address() as AddressInfo).port,
    cutNextAfter(bytes: number) {
      next = bytes
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        for (const socket of open) socket.destroy()
      }),
  })
}
