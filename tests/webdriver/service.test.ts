// The one switch: an app that is told of a service makes no stand-in of its own and offers none of its controls.
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { App, emptyFolder } from './rig/app'
import { existsSync, mkdirSync } from 'node:fs'

const home = emptyFolder('service')
// The stand-in of one app is the service of the other.
let host: App
let app: App

beforeAll(async () => {
  const folder = join(home, 'host')
  mkdirSync(folder)
  host = await App.start(folder)
  app = await App.start(home, { RAVI_API_URL: host.service() })
})
afterEach(({ task }) => (task.result?.state === 'fail' ? app?.picture('failed-service') : undefined))
afterAll(async () => {
  await app?.end()
  await host?.end()
})

it('says which service it asks, and keeps nothing of a stand-in', async () => {
  await app.read('.banner', host.service())
  expect(await app.driver.findElements({ css: '.stand-in' })).toEqual([])
  expect(existsSync(app.file('stand-in'))).toBe(false)
  expect(existsSync(app.file('settings.json'))).toBe(false)
})

it('ends a login that nobody approves, and says when one was refused', async () => {
  await app.press('Settings', 'nav')
  await app.press('Sign in')
  await app.read('.ravi-code strong')
  await app.press('Cancel')
  await app.gone('.ravi-code')
  await app.press('Sign in')
  const code = (await app.read('.ravi-code strong')).trim()
  await host.outside('device', { user_code: code, action: 'deny' })
  await app.read('[aria-label="Account"] [role=alert]', 'account.')
  expect(await app.driver.findElements({ css: '.ravi-code' })).toEqual([])
})

it('is signed in once the code was approved at the service', async () => {
  await app.press('Sign in')
  const code = (await app.read('.ravi-code strong')).trim()
  await host.outside('device', { user_code: code, action: 'approve' })
  await app.read('.connection', 'Signed in')
  await app.inspect('service')
})
