// Counts the packages that the engine and the plugin bring with them. A package is a name and a version.
//
//     node scripts/lib/weight.mjs                          the number for each set of features, by system
//     node scripts/lib/weight.mjs --check                  fails if a slim set has more than it may
//     node scripts/lib/weight.mjs --against LOCK [SET…]    what an app with that Cargo.lock gets in addition to what it has;
//                                                          a set is a list of features, with the plugin or without it: "plugin,inbox", "" for none
//     node scripts/lib/weight.mjs --size [SET…]            the size of a program that reads one secret; takes long
//
// An app's lock file is compared by resolving against a copy of it, as cargo does when the app adds the dependency: locked versions
// are used if they are compatible. Needs cargo's registry, which may need the network.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const [ENGINE, PLUGIN] = ['ravi-workspace-core', 'tauri-plugin-ravi']
const SYSTEMS = { Linux: 'x86_64-unknown-linux-gnu', macOS: 'aarch64-apple-darwin', Windows: 'x86_64-pc-windows-msvc' }
const SETS = ['', 'keychain', 'codex', 'hooks', 'inbox', 'live', 'seal', 'sign', 'full', 'plugin', 'plugin,full']

/** The most packages that a set may have on any system. Raise these deliberately: every app with few features pays for it. */
const LIMITS = { '': 159, plugin: 377 }

/** This package and everything it brings with these features, on one system. */
function tree(folder, target, features) {
  const args = ['tree', '--edges', 'normal,build', '--prefix', 'none', '--format', '{p}', '--target', target, ...features]
  const lines = execFileSync('cargo', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).split('\n')
  return new Set(lines.map((line) => /^(\S+) v(\S+)/.exec(line)?.slice(1).join(' ')).filter(Boolean))
}

/** The package that a set is one of, and its features without that word. */
function chosen(set) {
  const features = set.split(',').filter(Boolean)
  return { name: features.includes('plugin') ? PLUGIN : ENGINE, features: features.filter((feature) => feature !== 'plugin') }
}

function ours(set, target) {
  const { name, features } = chosen(set)
  return tree(root, target, ['--locked', '--package', name, '--no-default-features', '--features', features.join(',')])
}

const called = (set) => set || 'none'

function table() {
  console.log(`| features | ${Object.keys(SYSTEMS).join(' | ')} |\n|---|${'---|'.repeat(Object.keys(SYSTEMS).length)}`)
  for (const set of SETS) {
    console.log(`| ${called(set)} | ${Object.values(SYSTEMS).map((target) => ours(set, target).size).join(' | ')} |`)
  }
}

function check() {
  for (const [set, limit] of Object.entries(LIMITS)) {
    for (const [system, target] of Object.entries(SYSTEMS)) {
      const { size } = ours(set, target)
      if (size > limit) {
        console.error(`error: with the features "${called(set)}" there are ${size} packages on ${system}; the limit is ${limit}`)
        process.exitCode = 1
      }
    }
  }
}

/** Makes a package that depends on this one with some features, in a folder that is deleted afterwards. */
function inApp(source, more, work) {
  const app = mkdtempSync(join(tmpdir(), 'weight-'))
  mkdirSync(join(app, 'src'))
  writeFileSync(join(app, 'src', source.name), source.text)
  const take = (set) => {
    const { name, features: list } = chosen(set)
    const path = JSON.stringify(name === PLUGIN ? root : join(root, 'crates', name))
    const features = JSON.stringify(list)
    const dependency = `{ path = ${path}, default-features = false, features = ${features} }`
    const manifest = `[package]\nname = "an-app"\nedition = "2024"\n\n[workspace]\n\n[dependencies]\n${name} = ${dependency}\n${more}`
    writeFileSync(join(app, 'Cargo.toml'), manifest)
  }
  try {
    work(app, take)
  } finally {
    rmSync(app, { recursive: true })
  }
}

function against(lock, sets) {
  const locked = [...readFileSync(lock, 'utf8').matchAll(/^name = "(.+)"\nversion = "(.+)"$/gm)]
  const [pairs, names] = [new Set(locked.map(([, ...pair]) => pair.join(' '))), new Set(locked.map(([, name]) => name))]
  inApp({ name: 'lib.rs', text: '' }, '', (app, take) => {
    for (const set of sets) {
      take(set)
      for (const [system, target] of Object.entries(SYSTEMS)) {
        copyFileSync(lock, join(app, 'Cargo.lock'))
        const all = [...tree(app, target, [])].filter((pair) => !pair.startsWith('an-app '))
        const added = all.filter((pair) => !pairs.has(pair)).sort()
        const again = added.filter((pair) => names.has(pair.split(' ')[0]))
        console.log(`${called(set)}, ${system}: ${all.length} packages, ${added.length} not in the lock file, ` +
          `${again.length} of them in another version than there`)
        if (process.env.WEIGHT_NAMES) console.log(`  ${added.map((pair) => pair.replace(' ', '@')).join(' ')}`)
      }
    }
  })
}

const PROGRAM = `use ravi_workspace_core::{Config, ExposeSecret as _, Ravi};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ravi_workspace_core::Result<()> {
    let ravi = Ravi::open(Config::default().with_env()?)?;
    println!("{}", ravi.secret("DAEMON_TOKEN").await?.expose_secret().len());
    Ok(())
}
`
const MORE = `tokio = { version = "1", features = ["macros", "rt"] }

[profile.dev]
debug = "line-tables-only"

[profile.dev.package."*"]
debug = false

[profile.release]
strip = true
`

function size(sets) {
  const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target/weight')
  const env = { ...process.env, CARGO_TARGET_DIR: target }
  inApp({ name: 'main.rs', text: PROGRAM }, MORE, (app, take) => {
    copyFileSync(join(root, 'Cargo.lock'), join(app, 'Cargo.lock'))
    for (const set of sets) {
      take(set)
      for (const [profile, args] of [['dev', []], ['release', ['--release']]]) {
        execFileSync('cargo', ['build', '--quiet', ...args], { cwd: app, env, stdio: 'inherit' })
        const folder = profile === 'dev' ? 'debug' : profile
        const megabytes = statSync(join(target, folder, 'an-app')).size / 1e6
        console.log(`${called(set)}, ${profile}: ${megabytes.toFixed(1)} MB`)
      }
    }
  })
}

const [mode, lock, ...sets] = process.argv.slice(2)
if (mode === '--check') check()
else if (mode === '--against' && lock) against(lock, sets.length ? sets : ['', 'plugin', 'plugin,full'])
else if (mode === '--size') size(lock === undefined ? ['', 'full'] : [lock, ...sets])
else if (mode === undefined) table()
else {
  console.error('usage: weight.mjs [--check | --against LOCK [SET…] | --size [SET…]]')
  process.exitCode = 2
}
