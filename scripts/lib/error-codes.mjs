// Lists every error code of the project with its message and its next step, as docs/errors.md:
//
//     node scripts/lib/error-codes.mjs            prints the page
//     node scripts/lib/error-codes.mjs --check    fails where docs/errors.md is another
//
// It reads the sources, since that is where message and hint are written: each error enum has `#[error("…")]` on its
// variants, and `fn code` and `fn hint` with one arm for each.
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const sources = readdirSync(join(root, 'src'), { recursive: true })
  .filter((name) => name.endsWith('.rs'))
  .map((name) => readFileSync(join(root, 'src', name), 'utf8'))
const STRING = /"((?:[^"\\]|\\[^])*)"|r#"([^]*?)"#/

/** The text of a Rust string; what is filled in at run time is shown as `…`. */
function text(match) {
  if (!match) return ''
  const raw = match[2] ?? match[1].replace(/\\\n\s*/g, '').replace(/\\(["\\])/g, '$1')
  return raw.replace(/\{\{/g, '\u0001').replace(/\}\}/g, '\u0002').replace(match[2] ? /$^/ : /\{[^{}]*\}/g, '…')
    .replaceAll('\u0001', '{').replaceAll('\u0002', '}')
}

/** The part of `source` from `open` to the brace that closes it. */
function block(source, from) {
  let depth = 0
  for (let at = source.indexOf('{', from); at < source.length; at += 1) {
    if (source[at] === '{') depth += 1
    if (source[at] === '}' && (depth -= 1) === 0) return source.slice(from, at + 1)
  }
  return source.slice(from)
}

/** `[variant, what follows =>]` for the arms of one function, in order. */
function arms(body) {
  const heads = [...body.matchAll(/((?:(?:\w+::)+\w+(?:\s*\{[^{}]*\}|\([^()]*\))?\)?\s*\|?\s*)+)(?:\bif\b[^\n]*?)?=>/g)]
  return heads.flatMap((head, index) => {
    const rest = body.slice(head.index + head[0].length, heads[index + 1]?.index)
    return [...head[1].matchAll(/(?:\w+::)+(\w+)/g)].map(([, variant]) => [variant, rest])
  })
}

/** The function `name` among what is in `body`. */
function method(body, name) {
  const at = body.indexOf(`fn ${name}(`)
  return at < 0 ? '' : block(body, at)
}

/** The messages of the error `type`, by variant; of a struct by `''`. */
function messagesOf(type) {
  const [source, kind] = ['enum', 'struct'].flatMap((kind) => sources.map((source) => [source, kind]))
    .find(([source, kind]) => source.includes(`${kind} ${type} `)) ?? ['', 'enum']
  const at = source.indexOf(`${kind} ${type} `)
  if (kind === 'struct') {
    const attribute = [...source.slice(0, at).matchAll(/#\[error\(([^]*?)\)\]/g)].at(-1)?.[1] ?? ''
    return new Map([['', text(STRING.exec(attribute))]])
  }
  const variants = block(source, at).matchAll(/#\[error\(([^]*?)\)\]\s*(?:\/\/\/[^\n]*\s*)*(\w+)/g)
  return new Map([...variants].map(([, attribute, variant]) => [variant, text(STRING.exec(attribute))]))
}

const rows = new Map()
function add(code, message = '', hint = '') {
  const before = rows.get(code)
  rows.set(code, { message: before?.message || message, hint: before?.hint || hint })
}

/** Every `fn case` that is a part of another error's code, with the room that code is in. */
const PARTS = [['KeychainError', 'ledger']]
const allHints = sources.flatMap((source) => [...source.matchAll(/fn hint\(/g)].flatMap((at) => arms(block(source, at.index))))

for (const source of sources) {
  for (const impl of source.matchAll(/impl (?:(?:\w+::)*Explain for )?(\w+) \{/g)) {
    const body = block(source, impl.index)
    if (!body.includes('fn code(')) continue
    const messages = messagesOf(impl[1])
    const code = method(body, 'code')
    const cases = code.includes('self.case()') ? method(source.slice(source.indexOf(`impl ${impl[1]} {`)), 'case') : code
    const room = /format!\("(\w+)\.\{/.exec(code)?.[1]
    const hints = arms(method(body, 'hint'))
    const seen = new Map()
    for (const [variant, answer] of arms(cases)) {
      const nth = seen.get(variant) ?? 0
      seen.set(variant, nth + 1)
      const [, given] = /^\s*\{?\s*"([a-z_0-9.]+)"/.exec(answer) ?? []
      const name = given?.includes('.') ? given : given && room && `${room}.${given}`
      if (!name) continue
      const of = hints.filter(([other]) => other === variant)
      add(name, messages.get(variant), text(STRING.exec((of[nth] ?? of.at(-1))?.[1] ?? '')))
    }
    // What stands in no arm of its own: a struct's only code, the rest of a match.
    for (const [, name] of code.matchAll(/"([a-z]+\.[a-z_]+)"/g)) {
      const only = !code.includes('match')
      add(name, only ? [...messages.values()].filter(Boolean).join('; ') : '', only ? text(STRING.exec(method(body, 'hint'))) : '')
    }
  }
}
for (const [type, room] of PARTS) {
  const source = sources.find((source) => source.includes(`impl ${type} {`))
  const messages = messagesOf(type)
  for (const [variant, answer] of arms(method(source.slice(source.indexOf(`impl ${type} {`)), 'case'))) {
    const [, name] = /"(\w+)"/.exec(answer)
    add(`${room}.${name}`, messages.get(variant), text(STRING.exec(allHints.find(([other]) => other === variant)?.[1] ?? '')))
  }
}
// What the plugin refuses by itself, and what the bindings say where Tauri did.
for (const source of sources) {
  for (const [, code] of source.matchAll(/code: "(policy\.\w+|[a-z]+\.[a-z_]+)"\.into\(\)/g)) if (!rows.has(code)) rows.set(code, own(code))
}
for (const code of ['ipc.arguments', 'ipc.refused', 'ipc.scope', 'ipc.unknown_command']) rows.set(code, own(code))
for (const feature of ['codex', 'inbox', 'seal']) {
  add(`${feature}.not_built`, `this app was built without the feature "${feature}" of tauri-plugin-ravi, which has the command …`,
    `Add "${feature}" to the features of tauri-plugin-ravi in src-tauri/Cargo.toml.`)
}

function own(code) {
  return {
    'policy.scope': {
      message: 'this window may not use the secret, the workspace, the identity, the settings file or the folder of Codex …',
      hint: "Add it to the scope of this permission in the app's capability file, and see that no deny entry covers it.",
    },
    'policy.bad_scope': {
      message: 'the scope of this permission has the path …, which is not absolute or leads nowhere',
      hint: 'Write an absolute path, or one that begins with a variable such as $HOME or $APPDATA.',
    },
    'policy.idle_scope': {
      message: 'no command of this permission can name what this entry is about, so it keeps the window to nothing',
      hint: 'Take it out, or write the kind of entry that docs/permissions.md has for the command. Told in development builds; nothing is refused for it.',
    },
    'ipc.arguments': {
      message: 'invalid args `…` for command `…`: …',
      hint: 'Correct or give the argument; where the types are kept, see that the npm package and the plugin have the same version.',
    },
    'ipc.refused': {
      message: 'Tauri did not run the command',
      hint: "Add the permission that the hint names, such as `ravi:allow-workspace-provision`, to the window's capability file; see that the plugin is registered.",
    },
    'ipc.scope': {
      message: 'an entry in the scope of a permission cannot be read: …',
      hint: 'Correct it in the capability file: one of {"key": …}, {"workspace": …}, {"path": …}, {"identity": …}, {"codexHome": …}, {"file": …}, {"place": …}.',
    },
    'ipc.unknown_command': {
      message: 'Command … not found',
      hint: 'The plugin is older than the npm package: give tauri-plugin-ravi and tauri-plugin-ravi-api the same version.',
    },
    'workspace.path_not_absolute': {
      message: 'the path … is not absolute',
      hint: 'Give the whole path; in a window, homeDir(), join() and resolve() of @tauri-apps/api/path make it.',
    },
    'call.cancelled': { message: 'the call was cancelled', hint: 'Call it again.' },
    'settings.preset': { message: 'there is no preset … for settings files', hint: 'Use a known one, or list the places.' },
  }[code] ?? { message: '', hint: '' }
}

const cell = (words) => words.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ')
const rooms = new Map()
for (const row of [...rows].sort(([a], [b]) => (a < b ? -1 : 1))) {
  const room = row[0].split('.')[0]
  rooms.set(room, [...(rooms.get(room) ?? []), row])
}
let page = `# Error codes

Every failure has a code that stays, a message that names the cause, and the next step: \`{"code","message","hint"}\` on the
command line with \`--json\`, \`RaviError\` in TypeScript, \`Error::code()\` and \`Error::hint()\` in Rust. \`…\` stands for what the
message names. Where a cell is empty, the error underneath says it. This page is made from the sources by
\`scripts/lib/error-codes.mjs\`.
`
for (const [room, entries] of rooms) {
  page += `\n## ${room}\n\n| code | message | what to do |\n|---|---|---|\n`
  for (const [code, { message, hint }] of entries) page += `| \`${code}\` | ${cell(message)} | ${cell(hint)} |\n`
}

if (process.argv[2] === '--check') {
  if (readFileSync(join(root, 'docs/errors.md'), 'utf8') !== page) {
    console.error('error: docs/errors.md is not what the sources say; run: node scripts/lib/error-codes.mjs >docs/errors.md')
    process.exit(1)
  }
} else {
  process.stdout.write(page)
}
