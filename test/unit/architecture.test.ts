import {expect} from 'chai'
import {ESLint} from 'eslint'
import fs from 'node:fs'
import path from 'node:path'
import {fileURLToPath} from 'node:url'

/** The rules of ARCHITECTURE.md, each broken on purpose in a file that exists only here. */
const BROKEN: ReadonlyArray<{
  readonly what: string
  readonly file: string
  readonly code: string
  readonly rule: string
}> = [
  {
    what: 'a command imports a repository',
    file: 'src/commands/x.ts',
    code: "import '../repositories/x.js';",
    rule: 'house/layers',
  },
  {
    what: 'a command imports the connection',
    file: 'src/commands/x.ts',
    code: "import '../proxmox/x.js';",
    rule: 'house/layers',
  },
  {
    what: 'a command imports the configuration',
    file: 'src/commands/x.ts',
    code: "import '../config/x.js';",
    rule: 'house/layers',
  },
  {
    what: 'a command imports the simulator',
    file: 'src/commands/proxmox/x.ts',
    code: "import '../../simulator/x.js';",
    rule: 'house/layers',
  },
  {
    what: 'a service imports a command',
    file: 'src/services/x.ts',
    code: "import '../commands/x.js';",
    rule: 'house/layers',
  },
  {
    what: 'a service imports the output',
    file: 'src/services/x.ts',
    code: "import type {X} from '../cli/x.js';",
    rule: 'house/layers',
  },
  {
    what: 'a repository imports a service',
    file: 'src/repositories/x.ts',
    code: "import '../services/x.js';",
    rule: 'house/layers',
  },
  {
    what: 'the connection imports a repository',
    file: 'src/proxmox/x.ts',
    code: "import '../repositories/x.js';",
    rule: 'house/layers',
  },
  {
    what: 'the domain imports a service',
    file: 'src/domain/x.ts',
    code: "import type {X} from '../services/x.js';",
    rule: 'house/layers',
  },
  {
    what: 'the domain imports the schema',
    file: 'src/domain/x.ts',
    code: "await import('../schema/x.js');",
    rule: 'house/layers',
  },
  {
    what: 'a layer re-exports from above',
    file: 'src/proxmox/x.ts',
    code: "export {x} from '../cli/x.js';",
    rule: 'house/layers',
  },
  {
    what: 'the product imports the simulator',
    file: 'src/cli/x.ts',
    code: "await import('../simulator/x.js');",
    rule: 'house/layers',
  },
  {
    what: 'the simulator imports the client',
    file: 'src/simulator/x.ts',
    code: "import '../proxmox/x.js';",
    rule: 'house/layers',
  },
  {
    what: 'the sources import a test',
    file: 'src/services/x.ts',
    code: "import '../../test/x.js';",
    rule: 'house/layers',
  },
  {
    what: 'a command imports proxmox-api',
    file: 'src/commands/x.ts',
    code: "import {proxmoxApi} from 'proxmox-api';",
    rule: 'house/modules',
  },
  {what: 'a command reads files', file: 'src/commands/x.ts', code: "import fs from 'node:fs';", rule: 'house/modules'},
  {
    what: 'a command reads files later',
    file: 'src/commands/x.ts',
    code: "await import('node:fs/promises');",
    rule: 'house/modules',
  },
  {
    what: 'a command speaks HTTPS',
    file: 'src/commands/x.ts',
    code: "import https from 'node:https';",
    rule: 'house/modules',
  },
  {
    what: 'a command colours by hand',
    file: 'src/commands/x.ts',
    code: "import chalk from 'chalk';",
    rule: 'house/modules',
  },
  {
    what: 'a command spins by hand',
    file: 'src/commands/x.ts',
    code: "const {default: ora} = await import('ora');",
    rule: 'house/modules',
  },
  {
    what: 'a service knows oclif',
    file: 'src/services/x.ts',
    code: "import type {Config} from '@oclif/core';",
    rule: 'house/modules',
  },
  {
    what: 'a service knows proxmox-api',
    file: 'src/services/x.ts',
    code: "import {proxmoxApi} from 'proxmox-api';",
    rule: 'house/modules',
  },
  {
    what: 'the domain touches the disk',
    file: 'src/domain/x.ts',
    code: "import fs from 'node:fs';",
    rule: 'house/modules',
  },
  {
    what: 'the simulator uses the client',
    file: 'src/simulator/x.ts',
    code: "import {proxmoxApi} from 'proxmox-api';",
    rule: 'house/modules',
  },
  {
    what: 'anything loads node:http',
    file: 'src/proxmox/x.ts',
    code: "import http from 'node:http';",
    rule: 'house/modules',
  },
  {
    what: 'anything loads node:process',
    file: 'src/cli/x.ts',
    code: "import process from 'node:process';",
    rule: 'house/modules',
  },
  {
    what: 'a service reads the process',
    file: 'src/services/x.ts',
    code: 'export const x = () => process.env;',
    rule: 'no-restricted-globals',
  },
  {
    what: 'a command reads the process',
    file: 'src/commands/x.ts',
    code: 'export const x = () => process.argv;',
    rule: 'no-restricted-globals',
  },
  {what: 'a service prints', file: 'src/services/x.ts', code: "console.log('x');", rule: 'no-console'},
  {what: 'a default export', file: 'src/services/x.ts', code: 'export default class {}', rule: 'no-restricted-syntax'},
  {what: 'an enum', file: 'src/domain/x.ts', code: 'export enum X {A}', rule: 'no-restricted-syntax'},
  {what: 'an enum in a command', file: 'src/commands/x.ts', code: 'export enum X {A}', rule: 'no-restricted-syntax'},
  {what: 'a barrel', file: 'src/domain/x.ts', code: "export * from './failure.js';", rule: 'no-restricted-syntax'},
  {what: 'a variable of the module', file: 'src/proxmox/x.ts', code: 'export let x = 1;', rule: 'no-restricted-syntax'},
  {
    what: 'a cache of the module',
    file: 'src/services/x.ts',
    code: 'export const x = new Map<string, string>();',
    rule: 'no-restricted-syntax',
  },
  {what: 'a command catches', file: 'src/commands/x.ts', code: 'try {} catch {}', rule: 'no-restricted-syntax'},
  {
    what: 'a command of 121 lines',
    file: 'src/commands/x.ts',
    code: 'export const x = [\n' + '1,\n'.repeat(120) + '];',
    rule: 'max-lines',
  },
  {
    what: 'a name in camel case',
    file: 'src/domain/guestName.ts',
    code: 'export const x = 1;',
    rule: 'house/file-names',
  },
  {
    what: 'a folder of helpers',
    file: 'src/services/helpers/x.ts',
    code: 'export const x = 1;',
    rule: 'house/file-names',
  },
  {what: 'a folder of utils', file: 'src/utils/x.ts', code: 'export const x = 1;', rule: 'house/file-names'},
  {what: 'a new layer', file: 'src/managers/x.ts', code: 'export const x = 1;', rule: 'house/file-names'},
  {what: 'an index.ts', file: 'src/domain/index.ts', code: 'export const x = 1;', rule: 'house/file-names'},
]

const ALLOWED: ReadonlyArray<{readonly what: string; readonly file: string; readonly code: string}> = [
  {
    what: 'a command uses cli, services and the domain',
    file: 'src/commands/x.ts',
    code: "import '../cli/x.js';\nimport '../services/x.js';\nimport '../domain/x.js';",
  },
  {
    what: 'a command of the simulator starts it',
    file: 'src/commands/simulator/x.ts',
    code: "await import('../../simulator/x.js');",
  },
  {what: 'a command is the default export', file: 'src/commands/x.ts', code: 'export default class X {}'},
  {what: 'a service asks a repository', file: 'src/services/x.ts', code: "import '../repositories/x.js';"},
  {
    what: 'cli puts everything together',
    file: 'src/cli/x.ts',
    code: "import '../config/x.js';\nimport '../proxmox/x.js';\nexport const x = () => process.env;",
  },
  {what: 'the simulator has one public entry', file: 'src/simulator/index.ts', code: "export {x} from './x.js';"},
]

const root = fileURLToPath(new URL('../..', import.meta.url))

describe('architecture', function () {
  // Types are not needed here, and files that do not exist have none.
  const eslint = new ESLint({
    cwd: root,
    overrideConfig: {
      files: ['**/*.ts'],
      languageOptions: {parserOptions: {projectService: false}},
      rules: {
        '@typescript-eslint/await-thenable': 'off',
        '@typescript-eslint/no-floating-promises': 'off',
        '@typescript-eslint/no-misused-promises': 'off',
        '@typescript-eslint/only-throw-error': 'off',
        '@typescript-eslint/switch-exhaustiveness-check': 'off',
      },
    },
  })

  async function rulesBrokenBy(file: string, code: string): Promise<string[]> {
    const [result] = await eslint.lintText(`${code}\n`, {filePath: path.join(root, file)})
    const errors = result?.messages.filter((message) => message.severity === 2) ?? []
    expect(errors.filter((message) => message.fatal)).to.deep.equal([])
    return errors.map((message) => message.ruleId ?? '')
  }

  for (const {what, file, code, rule} of BROKEN) {
    it(`refuses: ${what}`, async () => {
      expect(await rulesBrokenBy(file, code)).to.include(rule)
    })
  }

  for (const {what, file, code} of ALLOWED) {
    it(`allows: ${what}`, async () => {
      expect(await rulesBrokenBy(file, code)).to.deep.equal([])
    })
  }

  it('refuses a circle of imports', async () => {
    const file = 'src/domain/failure.ts'
    const importer = fs
      .readdirSync(path.join(root, 'src/domain'))
      .find(
        (name) =>
          name.endsWith('.ts') &&
          fs.readFileSync(path.join(root, 'src/domain', name), 'utf8').includes("'./failure.js'"),
      )
    expect(importer, 'no file of the domain imports failure.ts').to.be.a('string')
    const code = `import './${importer!.replace(/\.ts$/, '.js')}';`
    expect(await rulesBrokenBy(file, code)).to.include('house/no-cycles')
  })
})
