import {expect} from 'chai'

import {createProgress} from '../../../src/cli/progress.js'
import {createPrompt} from '../../../src/cli/prompt.js'
import type {Runtime} from '../../../src/cli/runtime.js'

function fakeRuntime(stderr: {isTTY: boolean; columns?: number}): {runtime: Runtime; written: string[]} {
  const written: string[] = []
  const runtime: Runtime = {
    cwd: '/',
    env: {TERM: 'xterm'},
    exit: () => {},
    now: () => 0,
    onSignal: () => () => {},
    onStdoutClosed: () => () => {},
    random: () => 0,
    setExitCode: () => {},
    stderr: {...stderr, write: (text) => void written.push(String(text))},
    stdin: {isTTY: stderr.isTTY, async *[Symbol.asyncIterator]() {}},
    stdout: {isTTY: false, write: () => {}},
  }
  return {runtime, written}
}

describe('progress', () => {
  const everything = (verbose: boolean, quiet: boolean, stderr: {isTTY: boolean; columns?: number}) => {
    const {runtime, written} = fakeRuntime(stderr)
    const progress = createProgress(runtime, {quiet, verbose})
    progress.start('clone')
    progress.update('clone', 0.5)
    progress.note('on pve1')
    progress.update('resize')
    progress.succeed()
    progress.stop()
    return written.join('')
  }

  it('prints notes alone where nobody watches', () => {
    expect(everything(false, false, {isTTY: false})).to.equal('on pve1\n')
  })

  it('prints each step once under --verbose, and no percentages', () => {
    expect(everything(true, false, {isTTY: false})).to.equal('clone\non pve1\nresize\nresize: done\n')
  })

  it('prints nothing under --quiet', () => {
    expect(everything(true, true, {isTTY: true, columns: 80})).to.equal('')
  })

  it('does not animate on a terminal without a size', () => {
    for (const columns of [0, undefined]) {
      expect(everything(false, false, {isTTY: true, ...(columns !== undefined && {columns})})).to.equal('on pve1\n')
    }
  })
})

describe('questions', () => {
  it('are usage errors that name the flag where nobody can be asked', async () => {
    const {runtime} = fakeRuntime({isTTY: false})
    const prompt = createPrompt(runtime, {noInput: false, signal: new AbortController().signal})
    expect(prompt.possible).to.equal(false)
    for (const answer of [
      await prompt.confirm('Delete web?', '--yes'),
      await prompt.confirmName('Delete web?', 'web', '--yes'),
      await prompt.text('User:', '--yes'),
      await prompt.secret('Password:', '--yes'),
    ]) {
      expect(answer._unsafeUnwrapErr()).to.deep.include({kind: 'usage', hint: 'answer with --yes'})
    }
  })

  it('are not asked under --no-input, terminal or not', async () => {
    const {runtime} = fakeRuntime({isTTY: true, columns: 80})
    const prompt = createPrompt(runtime, {noInput: true, signal: new AbortController().signal})
    const failed = (await prompt.confirm('Delete web?', '--yes'))._unsafeUnwrapErr()
    expect(failed.message).to.include('--no-input')
  })
})
