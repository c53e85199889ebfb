#!/usr/bin/env node
// Applies the Ravi change to a checkout of CodexMonitor, says how much of it is applied, and removes it again: see
// docs/codex-monitor.md.
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { allEdits } from './edits.mjs'
import { Checkout } from './lib/checkout.mjs'
import { ChangeError } from './lib/error.mjs'

const APP = 'codex-monitor'
/** The version of the app with which the change was tried. */
const TRIED = '0.7.68'
const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../../..')

const USAGE = `Usage: node change.mjs apply|check|undo DIR [--local]

  apply    apply the change to the checkout DIR
  check    say how much of it is applied, and whether every place is found
  undo     remove it again
  --local  take the crate and the npm package from this checkout instead of their registries`

/** The change as it is applied to a checkout: lines at places, and new files. */
export function change({ local = false } = {}) {
  const files = {}
  for (const [from, to] of [
    ['rust', 'src-tauri/src'],
    ['capabilities', 'src-tauri/capabilities'],
    ['window', 'src'],
  ]) {
    for (const name of readdirSync(join(here, from), { recursive: true }).filter((one) => /\.\w+$/.test(one))) {
      files[`${to}/${name.replaceAll('\\', '/')}`] = readFileSync(join(here, from, name), 'utf8')
    }
  }
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return { version, files, edits: allEdits(local ? resolve(root) : null) }
}

function main(args) {
  const options = { local: { type: 'boolean' }, help: { type: 'boolean' } }
  const { positionals, values } = parseArgs({ args, allowPositionals: true, options })
  const [command, folder] = positionals
  if (values.help) return say(USAGE)
  if (!['apply', 'check', 'undo'].includes(command) || !folder || positionals.length > 2) {
    throw new ChangeError('usage', 'a command and a folder are needed', USAGE)
  }
  const checkout = new Checkout(resolve(folder), APP)
  const run = { apply, check, undo }[command]
  return run(checkout, change({ local: values.local ?? checkout.isLocal }))
}

function apply(checkout, wanted) {
  const failures = checkout.apply(wanted)
  if (failures.length > 0) return fail(failures, 'Nothing was changed.')
  otherVersion(checkout)
  const files = Object.keys(wanted.files).length
  say(`The change is applied: ${wanted.edits.length} places, ${files} new files. Next: npm install, then build as usual.`)
}

function undo(checkout, wanted) {
  const failures = checkout.undo(wanted)
  if (failures.length > 0) return fail(failures, 'Nothing was changed.')
  say('The change is removed. Next: npm install, then `git checkout` both lock files if they were rewritten.')
}

function check(checkout, wanted) {
  const { made, failures } = checkout.plan(wanted)
  const states = [...made].map(([name, text]) => [name, checkout.state(name, text)])
  for (const [name, state] of states) say(`${state.padEnd(7)}  ${name}`)
  otherVersion(checkout)
  if (failures.length > 0) return fail(failures, 'It cannot be applied as it is.')
  const count = (state) => states.filter(([, one]) => one === state).length
  if (count('in') === states.length) return say('Everything is applied.')
  process.exitCode = 3
  say(count('out') === states.length ? 'Nothing is applied yet; everything fits.' : 'Only part of it is applied; `apply` adds the rest.')
}

function otherVersion({ version }) {
  if (version !== TRIED) say(`note: this is version ${version} of the app; the change was tried with ${TRIED}.`)
}

function fail(failures, end) {
  for (const { code, message, hint } of failures) console.error(`${code}: ${message}\n  ${hint}`)
  console.error(end)
  process.exitCode = 1
}

function say(text) {
  console.log(text)
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    main(process.argv.slice(2))
  } catch (error) {
    const known = error instanceof ChangeError || String(error.code).startsWith('ERR_PARSE_ARGS')
    if (!known) throw error
    fail([error instanceof ChangeError ? error : new ChangeError('usage', error.message, USAGE)], '')
    process.exitCode = 2
  }
}
