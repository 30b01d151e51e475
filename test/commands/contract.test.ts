import {expect} from 'chai'

import {runCommand} from '../helpers/run-command.js'

interface ErrorDocument {
  readonly error: {readonly code: string; readonly message: string; readonly hint?: string; readonly exitCode: number}
}

describe('what every command does', () => {
  const errors: {title: string; argv: string[]; exit: number; message: RegExp; hint: RegExp}[] = [
    {
      title: 'an unknown flag',
      argv: ['help', 'exit-codes', '--verbos'],
      exit: 2,
      message: /^unknown flag --verbos$/,
      hint: /did you mean --verbose\?/,
    },
    {
      title: 'an unknown flag with a value, which is not repeated',
      argv: ['help', 'exit-codes', '--pasword=hunter2'],
      exit: 2,
      message: /^unknown flag --pasword$/,
      hint: /--help/,
    },
    {
      title: 'a value that is not possible',
      argv: ['help', 'exit-codes', '-o', 'jsn', '--quiet'],
      exit: 2,
      message: /^--output cannot be "jsn"$/,
      hint: /did you mean json\?/,
    },
    {
      title: 'a flag without its value',
      argv: ['help', 'exit-codes', '--context'],
      exit: 2,
      message: /^--context expects a value$/,
      hint: /--help/,
    },
    {
      title: 'a flag that is given twice',
      argv: ['help', 'exit-codes', '-c', 'a', '-c', 'b'],
      exit: 2,
      message: /^--context can only be specified once$/,
      hint: /--help/,
    },
    {
      title: 'a missing argument',
      argv: ['context', 'use'],
      exit: 2,
      message: /^missing NAME$/,
      hint: /homelab context use --help/,
    },
    {
      title: 'one argument too many',
      argv: ['context', 'use', 'a', 'b'],
      exit: 2,
      message: /^unexpected argument "b"$/,
      hint: /--help/,
    },
    {
      title: 'flags that exclude each other',
      argv: ['context', 'add', 'x', '--endpoint', 'a', '--token-id', 'a@b!cc', '--user', 'u@pam'],
      exit: 2,
      message: /^--user cannot also be provided when using --token-id$/,
      hint: /--help/,
    },
    {
      title: 'flags that exclude each other, without what they were given',
      argv: ['proxmox', 'iso', 'upload', 'a.iso', '--verify', '--checksum', `sha256:${'0'.repeat(64)}`],
      exit: 2,
      message: /^--checksum cannot also be provided when using --verify$/,
      hint: /--help/,
    },
    {
      title: 'a missing flag',
      argv: ['context', 'add', 'x'],
      exit: 2,
      message: /^missing --endpoint$/,
      hint: /--help/,
    },
    {
      title: 'a jq program that does not parse',
      argv: ['help', 'exit-codes', '--jq', '.['],
      exit: 2,
      message: /^--jq: syntax error/,
      hint: /jqlang/,
    },
    {
      title: 'an unknown command',
      argv: ['context', 'lst'],
      exit: 2,
      message: /^unknown command "context lst"$/,
      hint: /did you mean: homelab context list/,
    },
    {
      title: 'a command without the word it is below',
      argv: ['vm', 'list', '-l', 'tag=dev'],
      exit: 2,
      message: /^unknown command "vm list"$/,
      hint: /^did you mean: homelab proxmox vm list$/,
    },
    {
      title: 'a mistyped one of them',
      argv: ['vm', 'lst'],
      exit: 2,
      message: /^unknown command "vm lst"$/,
      hint: /^did you mean: homelab proxmox vm list$/,
    },
    {
      title: 'a topic without the word it is below',
      argv: ['lxc'],
      exit: 2,
      message: /^unknown command "lxc"$/,
      hint: /^did you mean: homelab proxmox lxc$/,
    },
    {
      title: 'an unknown topic',
      argv: ['contxt', 'show', 'lab'],
      exit: 2,
      message: /^unknown command "contxt"$/,
      hint: /did you mean: homelab context show lab/,
    },
    {
      title: 'words after a command that takes none',
      argv: ['config', 'path', 'x'],
      exit: 2,
      message: /^unexpected argument "x"$/,
      hint: /homelab config path --help/,
    },
    {
      title: 'help for what there is not',
      argv: ['help', 'contxt'],
      exit: 2,
      message: /^unknown command "contxt"$/,
      hint: /did you mean: homelab context/,
    },
    {
      title: 'no cluster configured',
      argv: ['context', 'show'],
      exit: 78,
      message: /^no cluster is configured$/,
      hint: /homelab auth login/,
    },
    {
      title: 'an unknown context',
      argv: ['context', 'show', 'x'],
      exit: 5,
      message: /^there is no context "x"$/,
      hint: /context list/,
    },
    {
      title: 'an unknown field',
      argv: ['context', 'list', '--sort', 'nmae'],
      exit: 2,
      message: /--sort names an unknown field "nmae"/,
      hint: /did you mean name\?/,
    },
  ]

  for (const {argv, exit, hint, message, title} of errors) {
    it(`reports ${title}: two lines without --json, one document with it, the same exit code`, async () => {
      const text = await runCommand(argv)
      expect(text.exitCode).to.equal(exit)
      expect(text.stdout).to.equal(argv.includes('--jq') ? text.stdout : '')
      const json = await runCommand([...argv, '--json'])
      expect(json.exitCode).to.equal(exit)
      expect(json.stderr).to.equal('')
      const {error} = json.json<ErrorDocument>()
      expect(error.exitCode).to.equal(exit)
      expect(error.message).to.match(message)
      expect(error.hint).to.match(hint)
      if (!argv.includes('--jq')) expect(text.stderr).to.equal(`error: ${error.message}\nhint: ${error.hint}\n`)
      expect(text.stderr + json.stdout)
        .not.to.include('hunter2')
        .and.not.to.include('    at ')
    })
  }

  it('lists every problem of a configuration below the error', async () => {
    const {ConfigFolder} = await import('../helpers/config-folder.js')
    const folder = new ConfigFolder()
    folder.write('config.yaml', 'contxts: {}\ncontexts: {a: {endpoints: [], x: 1}}\n')
    const outcome = await runCommand(['config', 'validate'], {configDir: folder.path})
    folder.remove()
    expect(outcome.exitCode).to.equal(78)
    expect(outcome.stderr.split('\n')).to.have.lengthOf(6)
    expect(outcome.stderr).to.match(/^error: configuration invalid: 3 problems\n {2}.*config\.yaml:1:1: contxts/)
  })

  it('does not call valid what makes a context current that there is not', async () => {
    const {ConfigFolder} = await import('../helpers/config-folder.js')
    const folder = new ConfigFolder()
    folder.write('config.yaml', 'currentContext: lba\ncontexts: {lab: {endpoints: [https://pve1.lan:8006]}}\n')
    const outcome = await runCommand(['config', 'validate'], {configDir: folder.path})
    folder.remove()
    expect(outcome.exitCode).to.equal(78)
    expect(outcome.stderr).to.contain('error: the current context "lba" does not exist\nhint: ')
  })

  it('prints the same list in every format', async () => {
    const run = async (...flags: string[]) => (await runCommand(['help', 'exit-codes', ...flags])).stdout
    expect(await run()).to.match(/^CODE {2}MEANING\n {3}0 {2}done, or nothing to do\n/)
    expect(await run('--no-header')).to.match(/^ {2}0 {2}done/)
    expect(await run('-o', 'csv', '--columns', 'code', '--sort', 'code:desc')).to.match(/^code\r\n143\r\n130\r\n/)
    expect(await run('-o', 'yaml')).to.match(/^- code: 0\n {2}meaning: done/)
    expect(await run('--json', '--columns', 'code')).to.equal(await run('-o', 'json'))
    expect(await run('--jq', '.[] | select(.code == 78) | .meaning')).to.equal('configuration invalid\n')
    expect(await run('-o', 'table', '--jq', '.[0].code')).to.equal('0\n')
  })

  it('says on stderr that a list is empty, and prints an empty document', async () => {
    const table = await runCommand(['context', 'list'])
    expect(table).to.deep.include({exitCode: 0, stdout: '', stderr: 'no contexts found\n'})
    expect((await runCommand(['context', 'list', '-q'])).stderr).to.equal('')
    expect(await runCommand(['context', 'list', '--json'])).to.deep.include({exitCode: 0, stdout: '[]\n', stderr: ''})
  })

  it('takes flags from the environment, and a typed flag first', async () => {
    const json = await runCommand(['help', 'exit-codes'], {env: {HOMELAB_OUTPUT: 'json'}})
    expect(json.json()).to.be.an('array')
    const table = await runCommand(['help', 'exit-codes', '-o', 'table'], {env: {HOMELAB_OUTPUT: 'json'}})
    expect(table.stdout).to.match(/^CODE/)
    expect((await runCommand(['help', 'exit-codes', '--json'], {env: {HOMELAB_OUTPUT: 'yaml'}})).json()).to.be.an(
      'array',
    )
    expect(
      (await runCommand(['help', 'exit-codes', '--json', '-o', 'yaml'])).json<ErrorDocument>().error.message,
    ).to.include('--json contradicts')
    expect((await runCommand(['help', 'exit-codes'], {env: {HOMELAB_OUTPUT: 'xml'}})).exitCode).to.equal(2)
  })

  it('colours errors on a terminal only, and obeys NO_COLOR and FORCE_COLOR', async () => {
    const stderr = async (env: Record<string, string>, terminalWidth?: number) => {
      const outcome = await runCommand(['context', 'show'], {
        env,
        stripAnsi: false,
        ...(terminalWidth && {terminalWidth}),
      })
      return outcome.stderr
    }
    expect(await stderr({})).not.to.include('\u001B')
    expect(await stderr({}, 80)).to.include('\u001B[31merror:')
    expect(await stderr({NO_COLOR: '1'}, 80)).not.to.include('\u001B')
    expect(await stderr({FORCE_COLOR: '1'})).to.include('\u001B[31merror:')
  })

  it('cuts a table on a terminal, and nowhere else', async () => {
    const narrow = await runCommand(['help', 'exit-codes'], {terminalWidth: 40})
    expect(Math.max(...narrow.stdout.split('\n').map((line) => line.length))).to.equal(40)
    expect(narrow.stdout).to.include('…')
    expect((await runCommand(['help', 'exit-codes'])).stdout).not.to.include('…')
  })

  it('leaves stdin to the loop around it', async () => {
    let touched = false
    const stdin = {
      isTTY: false,
      async *[Symbol.asyncIterator]() {
        touched = true
        yield 'lab'
      },
    }
    expect((await runCommand(['context', 'use'], {runtime: {stdin}})).exitCode).to.equal(2)
    expect(touched).to.equal(false)
  })
})
