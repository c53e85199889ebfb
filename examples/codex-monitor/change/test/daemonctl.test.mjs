// Compiles the module that daemonctl uses on its own: it needs no crate.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

test('daemonctl asks the daemon for a token that is a reference', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ravi-ctl-'))
  const source = fileURLToPath(new URL('ravi_ctl_test.rs', import.meta.url))
  const program = join(folder, 'test')
  try {
    const options = { encoding: 'utf8', env: { ...process.env, TMPDIR: folder } }
    const compiled = spawnSync('rustc', ['--test', '--edition', '2021', '-D', 'warnings', '-o', program, source], options)
    assert.equal(compiled.status, 0, compiled.stderr)
    const ran = spawnSync(program, options)
    assert.equal(ran.status, 0, ran.stdout + ran.stderr)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
