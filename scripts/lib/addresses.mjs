// The project's address stands in Cargo.toml, under [workspace.package], and nowhere else by hand.
//
//     node scripts/lib/addresses.mjs            writes it into package.json
//     node scripts/lib/addresses.mjs --check    fails if package.json or a published crate says something else
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..')

/** The fields of [workspace.package], which are strings on one line each. */
function workspace() {
  const table = /^\[workspace\.package\]\n((?:(?!\[).*\n)*)/m.exec(readFileSync(join(root, 'Cargo.toml'), 'utf8'))[1]
  return Object.fromEntries([...table.matchAll(/^(\S+) = "(.*)"$/gm)].map(([, name, value]) => [name, value]))
}

/** What a package.json says of the project. */
export function addresses() {
  const { repository, homepage } = workspace()
  return { homepage, repository: { type: 'git', url: `git+${repository}.git` }, bugs: { url: `${repository}/issues` } }
}

/** Where the files of a release can be fetched, in the form that most hosts of repositories share. */
export function downloads(version) {
  return `${workspace().repository}/releases/download/v${version}`
}

function wrongCrates() {
  const told = execFileSync('cargo', ['metadata', '--locked', '--no-deps', '--format-version', '1'], { cwd: root, encoding: 'utf8' })
  const { repository, homepage } = workspace()
  const published = JSON.parse(told).packages.filter(({ publish }) => publish === null)
  return published.filter((one) => one.repository !== repository || one.homepage !== homepage).map(({ name }) => name)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = join(root, 'package.json')
  const text = readFileSync(file, 'utf8')
  const said = JSON.parse(text)
  const same = Object.entries(addresses()).every(([name, value]) => JSON.stringify(said[name]) === JSON.stringify(value))
  if (process.argv.includes('--check')) {
    const wrong = [...(same ? [] : ['package.json']), ...wrongCrates()]
    if (wrong.length) throw new Error(`these do not have the addresses of Cargo.toml's [workspace.package]: ${wrong.join(', ')}`)
  } else if (!same) {
    writeFileSync(file, insert(text))
  }
}

/** The fields are put in as lines, so that the file keeps its form. */
function insert(text) {
  const kept = text.replace(/^ {2}"(?:homepage|repository|bugs)": .*\n/gm, '')
  const lines = Object.entries(addresses()).map(([name, value]) => {
    const json = JSON.stringify(value, null, 1).replace(/\n\s*/g, ' ')
    return `  ${JSON.stringify(name)}: ${json},\n`
  })
  return kept.replace(/^( {2}"license": .*\n)/m, (license) => license + lines.join(''))
}
