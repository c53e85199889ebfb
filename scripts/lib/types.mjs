// Makes guest-js/bindings.ts of the TypeScript types that the unit tests of the crates wrote (`cargo test --lib` with the
// feature `__typescript`), each below its own folder:
//
//     node scripts/lib/types.mjs
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const CRATES = ['ravi-codes', 'ravi-error', 'ravi-workspace-core']
const folders = [root, ...CRATES.map((name) => join(root, 'crates', name))]

const types = new Map()
let note = ''
for (const folder of folders) {
  const file = join(folder, 'target/typescript/bindings.ts')
  if (!existsSync(file)) {
    console.error(`error: ${file} is missing; run the crate's unit tests with the feature __typescript`)
    process.exit(1)
  }
  // ts-rs separates types by an empty line; a comment may hold one, too.
  const [head, ...parts] = readFileSync(file, 'utf8').split(/\n\n(?=\/\*\*|export type )/)
  note = head
  for (const part of parts) {
    const name = /^export type (\w+)/m.exec(part)[1]
    const text = part.trim()
    if ((types.get(name) ?? text) !== text) throw new Error(`two types are named ${name}`)
    types.set(name, text)
  }
}

const sorted = [...types.keys()].sort((a, b) => (a < b ? -1 : 1))
writeFileSync(join(root, 'guest-js/bindings.ts'), `${note}\n\n${sorted.map((name) => types.get(name)).join('\n\n')}\n`)
