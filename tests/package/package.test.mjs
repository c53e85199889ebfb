// The npm package as its users get it: packed, unpacked elsewhere, compiled against and loaded. `npm run build` comes first.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const modules = join(root, 'node_modules')
let folder
let packed

/** npm without what the person's own configuration makes it say. */
function npm(...args) {
  const env = { ...process.env, npm_config_userconfig: '/dev/null', npm_config_update_notifier: 'false' }
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd: root, env, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  return { stdout, stderr }
}

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'ravi-package-'))
  packed = npm('pack', '--json', '--ignore-scripts', '--pack-destination', folder)
  const [{ filename }] = JSON.parse(packed.stdout)
  const home = join(folder, 'node_modules/tauri-plugin-ravi-api')
  mkdirSync(home, { recursive: true })
  execFileSync('tar', ['-xzf', join(folder, filename), '-C', home, '--strip-components=1'])
  // What an app has beside it.
  for (const name of ['@tauri-apps', '@types', 'csstype', 'react']) symlinkSync(join(modules, name), join(folder, 'node_modules', name))
  cpSync(join(root, 'tests/package/consumer'), folder, { recursive: true })
})

after(() => rmSync(folder, { recursive: true, force: true }))

test('npm packs what a user needs, nothing else, and has nothing to say about it', () => {
  assert.doesNotMatch(packed.stderr, /warn/i)
  const [{ files, size }] = JSON.parse(packed.stdout)
  const built = ['index', 'react'].flatMap((name) => ['cjs', 'd.cts', 'd.ts', 'js'].map((end) => `dist-js/${name}.${end}`))
  const expected = ['LICENSE-APACHE', 'LICENSE-MIT', 'README.md', ...built, 'package.json']
  assert.deepEqual(files.map(({ path }) => path).sort(), expected.sort())
  assert.ok(size < 100_000, `${size} bytes`)
})

test('every path in package.json leads to a file', () => {
  const { main, module, types, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const paths = (value) => (typeof value === 'string' ? [value] : Object.values(value).flatMap(paths))
  for (const path of [main, module, types, ...paths(exports)]) {
    assert.ok(readFileSync(join(folder, 'node_modules/tauri-plugin-ravi-api', path)).length > 0, path)
  }
})

const strict = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  noEmit: true,
  target: 'ES2022',
  lib: ['ES2022', 'DOM', 'DOM.Iterable'],
  types: [],
  jsx: 'react-jsx',
}
/** What the README tells a React app to write. */
const quickStart = () => /`src\/App\.tsx`.*?```tsx\n(.*?)```/s.exec(readFileSync(join(root, 'README.md'), 'utf8'))[1]
for (const [name, options, files] of [
  ['bundler', { module: 'ESNext', moduleResolution: 'bundler' }, ['app.ts', 'QuickStart.tsx']],
  ['node16, ESM', { module: 'Node16', moduleResolution: 'node16' }, ['app.ts']],
  ['node16, CommonJS', { module: 'Node16', moduleResolution: 'node16' }, ['app.cts']],
]) {
  test(`a strict consumer compiles with moduleResolution ${name}`, () => {
    writeFileSync(join(folder, 'QuickStart.tsx'), quickStart())
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { ...strict, ...options }, files }))
    const { status, stdout } = spawnSync(join(modules, '.bin/tsc'), ['-p', folder], { encoding: 'utf8' })
    assert.equal(status, 0, stdout)
  })
}

test('both builds load, and the hooks share their error class', () => {
  const check = `
    if (typeof index.ravi.workspaces.provision !== 'function' || index.default !== index.ravi) throw new Error('index')
    if (typeof react.useWorkspaces !== 'function') throw new Error('react')`
  const run = (type, code) => execFileSync(process.execPath, [`--input-type=${type}`, '-e', code + check], { cwd: folder })
  run('module', "import * as index from 'tauri-plugin-ravi-api'; import * as react from 'tauri-plugin-ravi-api/react';")
  run('commonjs', "const index = require('tauri-plugin-ravi-api'), react = require('tauri-plugin-ravi-api/react');")
  for (const end of ['js', 'cjs']) {
    const hooks = readFileSync(join(folder, 'node_modules/tauri-plugin-ravi-api/dist-js', `react.${end}`), 'utf8')
    assert.doesNotMatch(hooks, /class RaviError/)
  }
})

test('the main entry needs no React', () => {
  rmSync(join(folder, 'node_modules/react'))
  execFileSync(process.execPath, ['--input-type=module', '-e', "await import('tauri-plugin-ravi-api')"], { cwd: folder })
})

test('the script for pages without a bundler puts `ravi` beside Tauri, and leaves other pages alone', () => {
  const script = readFileSync(join(root, 'api-iife.js'), 'utf8')
  const load = (window) => new Function('window', script)(window)
  const window = { __TAURI__: { core: { Channel: class {}, invoke: async () => ['A'] }, event: {} } }
  load(window)
  assert.equal(typeof window.__TAURI__.ravi.secrets.names, 'function')
  assert.doesNotThrow(() => load({}))
})
