import fs from 'node:fs'

/**
 * Writes a file as a whole: complete and 0600, or not at all. A reader sees the old text or the new one. A device or a pipe gets the text and stays what it is.
 * @param unique - what makes the temporary file's name this process's own
 * @throws what the file system says
 */
export function replaceFile(file: string, text: string, unique: string): void {
  const there = fs.statSync(file, {throwIfNoEntry: false})
  if (there !== undefined && !there.isFile() && !there.isDirectory()) {
    fs.writeFileSync(file, text)
    return
  }

  const temporary = `${file}.${unique}.tmp`
  const descriptor = fs.openSync(temporary, 'wx', 0o600)
  try {
    fs.writeFileSync(descriptor, text)
    fs.fsyncSync(descriptor)
    fs.renameSync(temporary, file)
  } catch (error) {
    fs.rmSync(temporary, {force: true})
    throw error
  } finally {
    fs.closeSync(descriptor)
  }
}
