// The change is applied to a made-up app, checked, and removed again.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { change } from '../change.mjs'
import { FILES, filesOf, folderWith } from './app.mjs'

const PROGRAM = fileURLToPath(new URL('../change.mjs', import.meta.url))
const STORAGE = 'src-tauri/src/storage.rs'
const folders = []

afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })))

function app(files = FILES) {
  const folder = folderWith(files)
  folders.push(folder)
  return folder
}

function run(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8' })
  return { status, stdout, stderr, codes: [...stderr.matchAll(/^(change\.\w+):/gm)].map(([, code]) => code) }
}

function done(...args) {
  const ran = run(...args)
  assert.equal(ran.status, 0, ran.stderr)
  return ran
}

function edit(folder, name, from, to) {
  const path = join(folder, name)
  const text = readFileSync(path, 'utf8')
  assert.ok(text.includes(from), `${name} has ${from}`)
  writeFileSync(path, text.replace(from, to))
}

const crlf = Object.fromEntries(Object.entries(FILES).map(([name, text]) => [name, text.replaceAll('\n', '\r\n')]))
const noLastNewline = Object.fromEntries(Object.entries(FILES).map(([name, text]) => [name, text.trimEnd()]))

for (const [kind, files] of Object.entries({ lf: FILES, crlf, 'no last newline': noLastNewline })) {
  test(`apply and undo leave every byte as it was: ${kind}`, () => {
    const folder = app(files)
    done('apply', folder)
    const applied = filesOf(folder)
    for (const name of Object.keys(files)) assert.notEqual(applied[name], files[name], name)
    if (kind === 'crlf') for (const name of Object.keys(files)) assert.doesNotMatch(applied[name], /[^\r]\n/, name)
    done('undo', folder)
    assert.deepEqual(filesOf(folder), files)
  })
}

test('every line that is put in is a line of its own and marked, and the app has no other', () => {
  const folder = app()
  done('apply', folder)
  for (const [name, text] of Object.entries(filesOf(folder))) {
    if (!(name in FILES) || name === 'package.json') continue
    const rest = text.split('\n').filter((line) => !/(\/\/|#|\{\/\*) \+ravi( \*\/\})?$/.test(line))
    assert.equal(rest.join('\n'), FILES[name], name)
  }
})

test('applying twice is applying once, and undoing twice undoing once', () => {
  const folder = app()
  done('apply', folder)
  const once = filesOf(folder)
  done('apply', folder)
  assert.deepEqual(filesOf(folder), once)
  done('undo', folder)
  done('undo', folder)
  assert.deepEqual(filesOf(folder), FILES)
})

test('a place that is not there leaves everything as it is, and is named', () => {
  const folder = app()
  edit(folder, STORAGE, 'fn finalize_loaded_settings', 'fn finish_settings')
  edit(folder, 'src/features/app/components/WorktreeCard.tsx', 'worktree-copy', 'worktree-text')
  const before = filesOf(folder)
  for (const command of ['apply', 'check']) {
    const { status, stderr, codes } = run(command, folder)
    assert.equal(status, 1)
    assert.deepEqual(codes, ['change.anchor_missing', 'change.anchor_missing'])
    assert.match(stderr, /storage\.rs: there is no fn finalize_loaded_settings/)
    assert.match(stderr, /WorktreeCard\.tsx: there is no element of class worktree-copy/)
  }
  assert.deepEqual(filesOf(folder), before)
})

test('a file that is not there is named', () => {
  const folder = app()
  rmSync(join(folder, 'src/types.ts'))
  const { status, codes, stderr } = run('apply', folder)
  assert.deepEqual([status, codes], [1, ['change.file_missing']])
  assert.match(stderr, /src\/types\.ts/)
})

test('what a person has changed stays, before and after', () => {
  const folder = app()
  const own = (name, text) => appendFileSync(join(folder, name), text)
  own(STORAGE, '\nfn own() {}\n')
  done('apply', folder)
  own(STORAGE, '\nfn later() {}\n')
  edit(folder, 'src-tauri/src/lib.rs', 'mod prompts;', 'mod prompts;\nmod own;')
  done('undo', folder)
  const after = filesOf(folder)
  assert.equal(after[STORAGE], `${FILES[STORAGE]}\nfn own() {}\n\nfn later() {}\n`)
  assert.equal(after['src-tauri/src/lib.rs'], FILES['src-tauri/src/lib.rs'].replace('mod prompts;', 'mod prompts;\nmod own;'))
})

test('check tells in, out, partly and another version', () => {
  const folder = app()
  const out = run('check', folder)
  assert.equal(out.status, 3)
  assert.match(out.stdout, /Nothing is applied yet; everything fits\./)
  assert.doesNotMatch(out.stdout, /note:/)
  done('apply', folder)
  assert.match(done('check', folder).stdout, /Everything is applied\./)
  edit(folder, 'src-tauri/src/main.rs', '    tauri_plugin_ravi::helper_main(); // +ravi\n', '')
  edit(folder, 'package.json', '0.7.68', '0.8.0')
  const partly = run('check', folder)
  assert.equal(partly.status, 3)
  assert.match(partly.stdout, /partly +src-tauri\/src\/main\.rs/)
  assert.match(partly.stdout, /note: this is version 0\.8\.0 of the app; the change was tried with 0\.7\.68/)
  done('apply', folder)
  assert.match(done('check', folder).stdout, /Everything is applied\./)
})

test('a line that a formatter has broken is not taken out in part', () => {
  const folder = app()
  done('apply', folder)
  edit(folder, STORAGE, 'let settings = crate::ravi_core', 'let settings =\n        crate::ravi_core')
  const before = filesOf(folder)
  const { status, codes, stderr } = run('undo', folder)
  assert.deepEqual([status, codes], [1, ['change.line_changed']])
  assert.match(stderr, /storage\.rs: .*resolve_settings/)
  assert.deepEqual(filesOf(folder), before)
})

test('a new file that is there already, or was edited, is not lost', () => {
  const folder = app()
  const name = 'src-tauri/capabilities/ravi.json'
  mkdirSync(join(folder, 'src-tauri/capabilities'))
  writeFileSync(join(folder, name), '{}\n')
  assert.deepEqual(run('apply', folder).codes, ['change.file_exists'])
  rmSync(join(folder, name))
  done('apply', folder)
  appendFileSync(join(folder, name), '\n')
  const before = filesOf(folder)
  for (const [command, code] of [['undo', 'change.file_edited'], ['apply', 'change.file_exists']]) {
    assert.deepEqual(run(command, folder).codes, [code])
  }
  assert.deepEqual(filesOf(folder), before)
})

test('what an older version of the change has put in goes', () => {
  const folder = app()
  done('apply', folder)
  edit(folder, 'src-tauri/src/workspaces/tests.rs', 'fn workspace', 'fn older() {} // +ravi\nfn workspace')
  const record = JSON.parse(readFileSync(join(folder, '.ravi-change.json'), 'utf8'))
  const old = 'src/features/ravi/Old.tsx'
  writeFileSync(join(folder, old), 'old\n')
  record.files[old] = createHash('sha256').update('old\n').digest('hex')
  writeFileSync(join(folder, '.ravi-change.json'), JSON.stringify(record))
  done('apply', folder)
  const after = filesOf(folder)
  assert.equal(after[old], undefined)
  assert.doesNotMatch(after['src-tauri/src/workspaces/tests.rs'], /older/)
})

test('a write that fails puts back what was written before it', () => {
  const folder = app()
  // It blocks one of the last files.
  const before = { ...FILES, 'src/types.ts.ravi-new/in-the-way': '' }
  mkdirSync(join(folder, 'src/types.ts.ravi-new'))
  writeFileSync(join(folder, 'src/types.ts.ravi-new/in-the-way'), '')
  assert.deepEqual(run('apply', folder).codes, ['change.write'])
  assert.deepEqual(filesOf(folder), before)
})

test('a file keeps its mode', () => {
  const folder = app()
  chmodSync(join(folder, STORAGE), 0o600)
  done('apply', folder)
  assert.equal(statSync(join(folder, STORAGE)).mode & 0o777, 0o600)
})

test('--local takes crate and package from here, and is remembered', () => {
  const folder = app()
  done('apply', folder, '--local')
  const { 'package.json': npm, 'src-tauri/Cargo.toml': cargo } = filesOf(folder)
  assert.match(npm, /"tauri-plugin-ravi-api": "file:\//)
  assert.match(cargo, /tauri-plugin-ravi = \{ path = "\// )
  done('check', folder)
  done('undo', folder)
  assert.deepEqual(filesOf(folder), FILES)
})

test('another folder, no folder and an unknown command are refused', () => {
  const other = app({ 'package.json': '{ "name": "other" }' })
  for (const [args, code] of [
    [['apply', other], 'change.not_the_app'],
    [['apply', join(other, 'nowhere')], 'change.not_the_app'],
    [['apply'], 'change.usage'],
    [['remove', other], 'change.usage'],
    [['check', other, '--all'], 'change.usage'],
  ]) {
    const { status, codes } = run(...args)
    assert.deepEqual([status, codes], [2, [code]], args.join(' '))
  }
})

test('what the edits call, the module that does nothing has too', () => {
  const { edits, files } = change()
  const lines = edits.flatMap(({ add, close }) => [...add, ...close]).join('\n')
  for (const [module, file] of [['ravi_app', 'ravi_app_off.rs'], ['ravi_core', 'ravi_core_off.rs'], ['ravi_ctl', 'ravi_ctl.rs']]) {
    const called = [...lines.matchAll(new RegExp(`${module}::(\\w+)\\(`, 'g'))].map(([, name]) => name)
    assert.ok(called.length > 0)
    for (const name of called) assert.match(files[`src-tauri/src/${file}`], new RegExp(`\\bfn ${name}\\b`), name)
  }
})

test('the two modules have the same calls', () => {
  const { files } = change()
  const named = (text) => [...text.matchAll(/^pub\(crate\) (?:async )?fn (\w+)/gm)].map(([, call]) => call).sort()
  const calls = (name) => named(files[`src-tauri/src/${name}`])
  for (const module of ['ravi_app', 'ravi_core']) {
    const without = calls(`${module}_off.rs`)
    assert.deepEqual(calls(`${module}.rs`).filter((name) => without.includes(name)), without)
  }
})
