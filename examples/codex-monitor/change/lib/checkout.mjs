// A checkout of the app: what the change turns it into, and how much of the change is applied.
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { ChangeError } from './error.mjs'
import { marked, withEdits, without } from './marked.mjs'

/** Records what was put into this checkout, to tell it from what a person has changed. */
const RECORD = '.ravi-change.json'
const SKIPPED = new Set(['.git', 'node_modules', 'target', 'dist', 'gen', 'public'])
const TEXT = /\.(rs|ts|tsx|toml|json)$/

export class Checkout {
  constructor(folder, app) {
    this.folder = folder
    const about = this.read('package.json')
    this.version = about === null ? null : parse(about)?.version
    if (about === null || parse(about)?.name !== app) {
      throw new ChangeError('not_the_app', `${folder} is not a checkout of ${app}`, 'Give the folder that contains its package.json.')
    }
  }

  read(name) {
    const path = join(this.folder, name)
    if (!existsSync(path) || !statSync(path).isFile()) return null
    const bytes = readFileSync(path)
    const text = bytes.toString('utf8')
    if (!Buffer.from(text).equals(bytes)) {
      throw new ChangeError('not_text', `${name} is not UTF-8`, 'Save it as UTF-8, then try again.')
    }
    return text
  }

  get record() {
    return parse(this.read(RECORD) ?? '{}') ?? {}
  }

  /** Whether the crate and the package come from a checkout of the plugin. */
  get isLocal() {
    return /"tauri-plugin-ravi-api":\s*"file:/.test(this.read('package.json'))
  }

  /** `in` if it is as it should be, `out` if nothing of ours is in it, otherwise `partly`. */
  state(name, wanted) {
    const text = this.read(name)
    if (text === wanted) return 'in'
    return text === null || (without(name, text) === text && without(name, wanted) !== wanted) ? 'out' : 'partly'
  }

  /** `name → text` after the change, and the failures if any place is not found. */
  plan({ edits, files }) {
    const made = new Map()
    const failures = []
    for (const name of new Set(edits.map(({ file }) => file))) {
      try {
        const source = this.read(name)
        if (source === null) {
          throw new ChangeError('file_missing', `there is no ${name}`, 'The app has changed here; see docs/codex-monitor.md.')
        }
        made.set(name, withEdits(name, without(name, source), edits.filter(({ file }) => file === name)))
      } catch (error) {
        if (!(error instanceof ChangeError)) throw error
        failures.push(error)
      }
    }
    for (const [name, text] of Object.entries(files)) {
      const there = this.read(name)
      if (there !== null && there !== text && !this.isOurs(name, there)) {
        const message = `${name} exists already, with other content`
        failures.push(new ChangeError('file_exists', message, 'Move it out of the way, then try again.'))
      }
      made.set(name, text)
    }
    return { made, failures }
  }

  /** Whether a new file is still as it was written. */
  isOurs(name, text) {
    return this.record.files?.[name] === digest(text)
  }

  apply(change) {
    const { made, failures } = this.plan(change)
    // Files that an older version of the change had, and this one does not.
    failures.push(...this.takeOut(Object.keys(this.record.files ?? {}).filter((name) => !(name in change.files)), {}, made))
    if (failures.length > 0) return failures
    const files = Object.fromEntries(Object.entries(change.files).map(([name, text]) => [name, digest(text)]))
    const edited = [...made].filter(([name, text]) => text !== null && !(name in files))
    const lines = Object.fromEntries(edited.map(([name, text]) => [name, marked(name, text)]))
    made.set(RECORD, `${JSON.stringify({ change: change.version, app: this.version, files, lines }, null, 2)}\n`)
    // Lines from an older version in files where this version adds none.
    for (const name of this.markedFiles()) if (!made.has(name)) made.set(name, without(name, this.read(name)))
    this.write(made)
    return []
  }

  undo(change) {
    const made = new Map(this.markedFiles().map((name) => [name, without(name, this.read(name))]))
    const names = new Set([...Object.keys(this.record.files ?? {}), ...Object.keys(change.files)])
    const failures = [...this.changedLines(), ...this.takeOut(names, change.files, made)]
    if (failures.length > 0) return failures
    if (this.read(RECORD) !== null) made.set(RECORD, null)
    this.write(made)
    return []
  }

  /** Removes new files again, except those that have been edited since. */
  takeOut(names, texts, made) {
    const failures = []
    for (const name of names) {
      const text = this.read(name)
      if (text === null) continue
      if (text === texts[name] || this.isOurs(name, text)) made.set(name, null)
      else {
        const hint = 'Save what you need from it and delete it, then try again.'
        failures.push(new ChangeError('file_edited', `${name} was edited after it was added`, hint))
      }
    }
    return failures
  }

  /** Our lines that have changed since: if a formatter has moved the mark, the rest of the line would stay behind. */
  changedLines() {
    return Object.entries(this.record.lines ?? {}).flatMap(([name, lines]) => {
      const text = this.read(name)
      const there = text === null ? lines : marked(name, text)
      const hint = 'Restore it, or remove all of it by hand and `apply` again; then try again.'
      return lines
        .filter((line) => !there.includes(line))
        .map((line) => new ChangeError('line_changed', `${name}: a line has changed since it was added: ${line}`, hint))
    })
  }

  /** Files that contain our lines. */
  markedFiles() {
    return ['src', 'src-tauri', 'package.json']
      .flatMap((name) => this.texts(join(this.folder, name)))
      .filter((name) => marked(name, this.read(name)).length > 0)
  }

  texts(path) {
    if (!existsSync(path)) return []
    if (statSync(path).isFile()) return TEXT.test(path) && !path.endsWith('lock.json') ? [relative(this.folder, path)] : []
    return readdirSync(path, { withFileTypes: true })
      .filter((one) => !SKIPPED.has(one.name) && !one.isSymbolicLink())
      .flatMap(({ name }) => this.texts(join(path, name)))
  }

  /** All or nothing: if one file cannot be written, those already written are restored. */
  write(made) {
    const before = new Map()
    try {
      for (const [name, text] of made) {
        const was = this.read(name)
        if (was === text) continue
        this.put(name, text)
        before.set(name, was)
      }
    } catch (error) {
      for (const [name, text] of before) this.put(name, text)
      throw new ChangeError('write', error.message, 'Nothing was changed. Fix that, then try again.')
    }
  }

  put(name, text) {
    const path = join(this.folder, name)
    if (text === null) return this.remove(path)
    mkdirSync(dirname(path), { recursive: true })
    const temporary = `${path}.ravi-new`
    writeFileSync(temporary, text)
    try {
      if (existsSync(path)) chmodSync(temporary, statSync(path).mode)
      renameSync(temporary, path)
    } catch (error) {
      rmSync(temporary, { force: true })
      throw error
    }
  }

  /** Removes a file, and the folders that were made for it. */
  remove(path) {
    rmSync(path, { force: true })
    for (let folder = dirname(path); folder !== this.folder && readdirSync(folder).length === 0; folder = dirname(folder)) {
      rmdirSync(folder)
    }
  }
}

function digest(text) {
  return createHash('sha256').update(text).digest('hex')
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
