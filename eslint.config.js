import tseslint from 'typescript-eslint'

import {houseRules} from './scripts/lint-rules.mjs'

const noEnum = {message: 'Use a union of string literals.', selector: 'TSEnumDeclaration'}
const noDefault = {
  message: 'Export by name; only commands and hooks have a default export.',
  selector: 'ExportDefaultDeclaration',
}
const noBarrel = [
  {message: 'No barrels: import a thing from the file that holds it.', selector: 'ExportAllDeclaration'},
  {message: 'No barrels: import a thing from the file that holds it.', selector: 'ExportNamedDeclaration[source]'},
]
const noModuleState = [
  {
    message: 'No module state: hand it in.',
    selector: ':matches(Program, Program > ExportNamedDeclaration) > VariableDeclaration[kind="let"]',
  },
  {
    message: 'No module state: hand it in.',
    selector:
      ':matches(Program, Program > ExportNamedDeclaration) > VariableDeclaration > VariableDeclarator:matches(:not([id.typeAnnotation]), [id.typeAnnotation.typeAnnotation.typeName.name=/^(Weak)?(Map|Set)$/]) > NewExpression[callee.name=/^(Map|Set|WeakMap|WeakSet)$/][arguments.length=0]',
  },
]
const house = [noEnum, ...noModuleState]

const slow = {
  names: ['node:http', 'node:process', 'http', 'process', 'undici'],
  why: 'Slow to load at every start, and not needed.',
}
const io = [
  'node:fs',
  'node:https',
  'node:net',
  'node:tls',
  'node:child_process',
  'node:readline',
  'fs',
  'https',
  'net',
  'tls',
  'child_process',
]
const screen = {names: ['chalk', 'ora', '@inquirer/prompts'], types: true, why: 'Only src/cli knows a screen.'}
const oclif = {names: ['@oclif/core'], types: true, why: 'Only commands and src/cli know oclif.'}
const client = {names: ['proxmox-api'], types: true, why: 'Only src/proxmox and src/repositories speak to Proxmox.'}

export default tseslint.config(
  {ignores: ['dist/', 'coverage/', 'node_modules/', '.build-*/', 'src/schema/data/']},
  {linterOptions: {reportUnusedDisableDirectives: 'error'}},
  {
    extends: [tseslint.configs.recommended],
    files: ['**/*.ts'],
    languageOptions: {parserOptions: {projectService: true, tsconfigRootDir: import.meta.dirname}},
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', {disallowTypeAnnotations: false}],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', {checksVoidReturn: {arguments: false}}],
      '@typescript-eslint/no-unused-vars': ['error', {argsIgnorePattern: '^_', varsIgnorePattern: '^_'}],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', {considerDefaultExhaustiveForUnions: true}],
      eqeqeq: 'error',
      'no-constant-condition': ['error', {checkLoops: false}],
      'no-restricted-syntax': ['error', noEnum],
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    plugins: {house: houseRules},
    rules: {
      'house/file-names': 'error',
      'house/layers': 'error',
      'house/no-cycles': 'error',
      'no-console': 'error',
      'no-restricted-globals': [
        'error',
        {message: 'The runtime is handed in; only src/cli reads the process.', name: 'process'},
      ],
      'house/modules': ['error', [slow]],
      'no-restricted-syntax': ['error', ...house, ...noBarrel, noDefault],
    },
  },
  {
    files: ['src/cli/**/*.ts', 'src/simulator/main.ts'],
    rules: {'no-restricted-globals': 'off'},
  },
  {
    files: ['src/cli/hooks/**/*.ts'],
    rules: {'no-restricted-syntax': ['error', ...house, ...noBarrel]},
  },
  {
    files: ['src/commands/**/*.ts'],
    rules: {
      'max-lines': ['error', {max: 120, skipBlankLines: true, skipComments: true}],
      'house/modules': [
        'error',
        [slow, screen, client, {names: io, why: 'A command parses, calls one service and prints.'}],
      ],
      'no-restricted-syntax': [
        'error',
        ...house,
        ...noBarrel,
        {message: 'Failures are values here; unwrap them.', selector: 'TryStatement'},
      ],
    },
  },
  {
    files: ['src/services/**/*.ts'],
    rules: {
      'house/modules': [
        'error',
        [slow, screen, oclif, client, {names: io, why: 'A service decides; what reaches outside is handed in.'}],
      ],
    },
  },
  {
    files: ['src/repositories/**/*.ts'],
    rules: {
      'house/modules': ['error', [slow, screen, oclif, {names: io, why: 'A repository asks through the connection.'}]],
    },
  },
  {
    files: ['src/domain/**/*.ts'],
    rules: {'house/modules': ['error', [slow, screen, oclif, client, {names: io, why: 'The domain asks nobody.'}]]},
  },
  {
    files: ['src/{config,proxmox,schema}/**/*.ts'],
    rules: {'house/modules': ['error', [slow, screen, oclif]]},
  },
  {
    files: ['src/simulator/**/*.ts'],
    rules: {'house/modules': ['error', [screen, oclif, client]]},
  },
  {
    files: ['src/simulator/index.ts'],
    rules: {'no-restricted-syntax': ['error', ...house, noDefault]},
  },
  {
    files: ['test/**/*.ts'],
    // chai's assertions are expressions: expect(x).to.be.true
    rules: {'@typescript-eslint/no-unused-expressions': 'off'},
  },
)
