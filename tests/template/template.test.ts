// The new app in a real window: what README.md made it show is the answer of a command.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { By } from 'selenium-webdriver'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { drive } from '../webdriver/rig/driver'
import { until } from '../webdriver/rig/wait'

interface Started {
  base_url: string
  management_key: string
}

const home = mkdtempSync(join(tmpdir(), 'ravi-template-home-'))
let local: ChildProcess
let started: Started

beforeAll(async () => {
  local = spawn(process.env['RAVI_LOCAL'] ?? 'ravi-local', ['--plan', 'free'], { stdio: ['ignore', 'pipe', 'ignore'] })
  for await (const line of createInterface({ input: local.stdout! })) {
    started = JSON.parse(line)
    break
  }
})

afterAll(() => {
  local.kill()
  rmSync(home, { recursive: true, force: true })
})

it('shows what the plugin answered', async () => {
  const env = {
    ...process.env,
    HOME: home,
    XDG_DATA_HOME: join(home, 'data'),
    RAVI_API_URL: started.base_url,
    RAVI_API_KEY: started.management_key,
    RAVI_WORKSPACE_KEYCHAIN: 'file',
  }
  const window = await drive(process.env['RAVI_TEMPLATE_APP']!, env)
  try {
    const text = () => window.driver.findElement(By.css('body')).getText()
    await until('the window shows the answer', async () => (await text()).includes('keeps'))
    expect(await text()).toContain(`${started.base_url} keeps 0 secrets.`)
  } finally {
    await window.end()
  }
})
