/**
 * Ends the program in order when its output cannot be written. A reader that has gone (`| head -1`) is told later, as an event; a full disk
 * at once, as an exception from deep inside, wherever something is printed.
 */
export function watchOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') end(`the output cannot be written: ${error.message}`)
  })
  process.on('uncaughtException', (error: NodeJS.ErrnoException) => {
    end(
      error.syscall === 'write'
        ? `the output cannot be written: ${error.message}`
        : `unexpected: ${error.stack ?? error.message}`,
    )
  })
}

function end(message: string): never {
  process.stderr.write(`error: ${message}\n`)
  process.exit(1)
}
