/** A simulator in a process of its own. The one who starts it tells it over the IPC channel what to be, and is told when it answers. */
import {InstanceFiles, type InstanceOptions} from './instance/instance-files.js'
import {serveInstance} from './instance/serve-instance.js'

/** What the starting process sends. */
interface Order {
  readonly stateDir: string
  readonly name: string
  readonly options: InstanceOptions
}

async function serve({stateDir, name, options}: Order): Promise<void> {
  const serving = await serveInstance(new InstanceFiles(stateDir, name), options, process.pid)
  const stop = (): void => void serving.stop()
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  // the terminal it was started from may close; the simulator stays
  process.on('SIGHUP', () => {})
  process.send?.({ready: true})
  process.disconnect?.()
  await serving.stopped
}

process.once('message', (order: Order) => {
  serve(order).then(
    () => process.exit(0),
    (error: unknown) => {
      const message = error instanceof Error ? error.message : String(error)
      process.stderr.write(`${error instanceof Error ? error.stack : message}\n`)
      if (!process.connected) process.exit(1)
      process.send?.({ready: false, message}, () => process.exit(1))
    },
  )
})
