// An agent with a number and a bundle: its card, its text messages, and its inbox while Ravi is away.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { App, emptyFolder } from './rig/app'
import { makeRepository } from './rig/git'

const home = emptyFolder('inbox')
const card = '[aria-label="Worktree calls"]'
const messages = '[aria-label="Messages"]'

let app: App

beforeAll(async () => {
  const repository = makeRepository(home, 'shop')
  const bundle = { entries: [{ key: 'SESSION_SECRET', from: { generate: 24 } }] }
  app = await App.start(home, { RAVI_WORKSPACE_BUNDLE: JSON.stringify(bundle) })
  await app.signIn()
  await app.press('Workspaces', 'nav')
  await app.fill('Folder of a repository', repository)
  await app.press('Add repository')
  await app.fill('New worktrees', 'calls')
  await app.press('With a phone number')
  await app.press('Add worktree')
  await app.read(`${card} .pill`, 'ready')
})
afterEach(({ task }) => (task.result?.state === 'fail' ? app?.picture('failed-inbox') : undefined))
afterAll(() => app?.end())

it('shows by name what its bundle gave it', async () => {
  await app.drawn(card, /Given\s+SESSION_SECRET\s+Last commit/)
})

it('shows a text message when it comes, with its code picked out', async () => {
  const [number] = (await app.read(card, /\+\d{8,}/)).match(/\+\d{8,}/)!
  await app.press('Inbox of calls', card)
  await app.read('main', 'Nothing has arrived yet')
  await app.outside('sms', { to: number, from: '+15550100009', body: 'Your login code is 771205. Do not share it.' })
  await app.drawn(messages, /Unread.*\+15550100009.*Text message.*Your login code is 771205/s)
  await (await app.see(`${messages} button`)).click()
  await app.read('.message-view h2', 'Text message')
  await app.read('.message-view .text', 'Do not share it.')
  await app.drawn('[aria-label="Picked out"]', /^Code\s+771205/)
  await app.gone(`${messages} .unread`)
  await app.inspect('inbox-text-message')
})

it('says that Ravi is away, and keeps the list that it has', async () => {
  await app.press('Send it a sample mail')
  await app.drawn(messages, /Sample Service.*Text message/s)
  await app.press('Pull the network')
  await app.read('.banner.offline', 'Ravi does not answer')
  await (await app.see(`${messages} li:first-child button`)).click()
  await app.read('main [role=alert]', 'api.unreachable')
  await app.drawn(messages, /Sample Service.*Text message/s)
})

it('says so too where it is opened in the outage', async () => {
  await app.press('Audit', 'nav')
  await app.press('Inbox', 'nav')
  await app.read('main [role=alert]', 'api.unreachable')
  expect(await app.driver.findElements({ css: messages })).toEqual([])
  await app.inspect('inbox-offline')
})

it('recovers by itself when Ravi is back, and shows what comes from then on', async () => {
  await app.press('Plug the network in')
  await app.gone('main [role=alert]')
  await app.drawn(messages, /Sample Service.*Text message/s)
  const to = await app.driver.executeScript<string>(addressOfInbox)
  await app.outside('email', { to, from: 'shop@service.example', subject: 'After the outage', text: 'Hello again.' })
  await app.drawn(messages, /After the outage.*Sample Service/s)
})

/** Runs in the page. */
function addressOfInbox(): Promise<string> {
  const { invoke } = (window as unknown as { __TAURI_INTERNALS__: { invoke: (command: string) => Promise<unknown> } }).__TAURI_INTERNALS__
  return invoke('plugin:ravi|workspace_list').then((all) => (all as { identity: { email: string } }[])[0]!.identity.email)
}
