// One person's way through the app, from a settings file with plaintext tokens to the last released worktree.
//
// The steps build on each other, so the first that fails ends the story.
import { existsSync, readFileSync, writeFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { Key } from 'selenium-webdriver'
import { App, emptyFolder } from './rig/app'
import { git, makeRepository } from './rig/git'
import { until } from './rig/wait'

const home = emptyFolder('story')
const data = join(home, 'data')
const settings = join(data, 'settings.json')
const branches = ['payments', 'search', 'docs']
const daemonToken = 'made-up-daemon-token-for-windows'
const officeToken = 'made-up-office-token-for-windows'
const plaintext = JSON.stringify(
  {
    theme: 'light',
    remoteBackendToken: daemonToken,
    remoteBackends: [{ id: 'office', name: 'Office', provider: 'tcp', host: '10.0.0.7:4732', token: officeToken }],
    activeRemoteBackendId: 'office',
    unknownToThisApp: { kept: [1, 2, 3] },
  },
  null,
  2,
)

let app: App
let repository: string

beforeAll(async () => {
  repository = makeRepository(home, 'shop')
  mkdirSync(data, { recursive: true })
  writeFileSync(settings, plaintext)
  app = await App.start(home)
})
afterEach(({ task }) => (task.result?.state === 'fail' ? app?.picture('failed') : undefined))
afterAll(() => app?.end())

const card = (branch: string) => `[aria-label="Worktree ${branch}"]`
const section = (name: string) => `[aria-label="${name}"]`
const worktrees = (): { name: string; path: string; kind: string; worktree: { branch: string } | null }[] =>
  JSON.parse(readFileSync(join(data, 'workspaces.json'), 'utf8'))
/** What the timeline of the audit page shows, once it `fits`. */
const timeline = (what: string, fits: (rows: Line[]) => boolean) =>
  until(`the timeline shows ${what}`, async () => {
    const rows = await app.driver.executeScript<Line[]>(readTimeline)
    return fits(rows) && rows
  })
const folderOf = (branch: string) => worktrees().find(({ worktree }) => worktree?.branch === branch)!.path

interface Line {
  action: string
  object: string
  workspace: string
}

/** Runs in the page. */
function readTimeline(): Line[] {
  return [...document.querySelectorAll('[aria-label="Timeline"] tbody tr')].map((row) => {
    const [, action, object, workspace] = [...row.querySelectorAll('td')].map((cell) => cell.innerText.trim())
    return { action: action!.split(' ')[0]!, object: object!, workspace: workspace! }
  })
}

it('begins empty, signed out, and says that Ravi is a stand-in', async () => {
  await app.read('.banner', 'Stand-in Ravi')
  await app.read('.connection', 'Not signed in')
  await app.read('.callout', 'Nobody is signed in')
  await app.read('main', 'No repository yet')
  await app.inspect('empty')
})

it('signs in with a device code', async () => {
  await app.press('Settings', 'nav')
  await app.press('Sign in')
  const code = (await app.read('.ravi-code strong')).trim()
  await app.inspect('sign-in')
  await app.outside('device', { user_code: code, action: 'approve' })
  await app.read(section('Account'), 'the whole account')
  await app.read('.connection', 'Signed in')
})

it('moves the tokens of settings.json into the vault', async () => {
  await app.read(section('Secrets in settings.json'), /remoteBackendToken.*plaintext/s)
  await app.press('Move 2 into the vault')
  await app.read(section('Secrets in settings.json'), '2 secrets are in the vault now')
  const migrated = readFileSync(settings, 'utf8')
  expect(migrated).not.toContain(daemonToken)
  expect(migrated).not.toContain(officeToken)
  expect(migrated).toContain('ravi://CODEX_MONITOR_DAEMON_TOKEN')
  await app.inspect('settings')
})

it('puts them back byte for byte, and moves them again', async () => {
  await app.confirm('Undo')
  await app.read(section('Secrets in settings.json'), 'as it was before')
  expect(readFileSync(settings, 'utf8')).toBe(plaintext)
  await app.press('Move 2 into the vault')
  await app.read(section('Secrets in settings.json'), '2 secrets are in the vault now')
})

it('rotates the daemon token, and the page sees a fingerprint only', async () => {
  const before = await app.read('.fingerprint', /^[0-9a-f]{8}$/)
  await app.confirm('Rotate the daemon token')
  await app.read('.fingerprint', new RegExp(`^(?!${before})[0-9a-f]{8}$`))
  expect(await app.driver.getPageSource()).not.toContain(daemonToken)
})

it('seals the vault', async () => {
  const words = 'made-up correct horse battery'
  await app.fill('Recovery passphrase', words)
  await app.fill('The same again', words)
  await app.press('Switch sealing on')
  await app.read(section('Sealing'), 'only your machines can open what is in the vault')
  // What was rotated before is read through the seal now.
  await app.read('.fingerprint', /^[0-9a-f]{8}$/)
})

it('keeps the theme in settings.json, beside what it does not know', async () => {
  await app.press('Dark', section('Appearance'))
  await app.see('html[data-theme="dark"]')
  await app.press('Light', section('Appearance'))
  await app.see('html[data-theme="light"]')
  expect(readFileSync(settings, 'utf8')).toContain('unknownToThisApp')
})

it('says why a folder cannot be added', async () => {
  await app.press('Workspaces', 'nav')
  await app.fill('Folder of a repository', join(home, 'nothing-here'))
  await app.press('Add repository')
  await app.read('[role=alert]', 'is not a git repository')
})

it('adds a repository and three worktrees at once, step by step', async () => {
  await app.fill('Folder of a repository', repository)
  await app.press('Add repository')
  await app.see(section('Repository shop'))
  // Slow enough to be looked at.
  await app.outside('faults', { method: 'POST', path: '/api/identities/', delay_ms: 1500, times: 3 })
  const steps = await app.watch('.ravi-steps li')
  await app.fill('New worktrees', branches.join(', '))
  await app.press('Add 3 worktrees')
  await app.see(card('docs'))
  await app.inspect('progress')
  for (const branch of branches) await app.read(`${card(branch)} .pill`, 'ready')
  // The last steps may be over before the page is drawn again.
  const seen = await steps()
  expect(seen).toEqual(expect.arrayContaining(['Find or make the identity done', 'Get its key done']))
  expect(worktrees().map(({ kind }) => kind)).toEqual(['main', 'worktree', 'worktree', 'worktree'])
  await app.inspect('workspaces')
})

it('shows in the card what a workspace used last', async () => {
  await app.press('Recent uses of payments', card('payments'))
  await app.read(`${card('payments')} .uses`, 'workspace.provision')
  await app.inspect('uses')
  await app.press('Recent uses of payments', card('payments'))
})

it('shows who made a commit, and leaves the person alone', async () => {
  for (const branch of branches) {
    git(home, folderOf(branch), 'commit', '--quiet', '--allow-empty', '-m', `Work on ${branch}`)
  }
  git(home, repository, 'commit', '--quiet', '--allow-empty', '-m', 'Work of a person')
  const authors = branches.map((branch) => git(home, folderOf(branch), 'log', '-1', '--format=%ae'))
  expect(new Set(authors).size).toBe(3)
  for (const [index, branch] of branches.entries()) {
    await app.read(`${card(branch)} .commit-author`, `by ${branch} agent <${authors[index]}>`)
    await app.read(card(branch), authors[index])
  }
  expect(git(home, repository, 'log', '-1', '--format=%ae')).toBe('hanna@example.com')
  await app.inspect('commits')
})

it('shows a mail when it comes, with its code and its link picked out', async () => {
  await app.press('Inbox of payments', card('payments'))
  await app.read('main', 'Nothing has arrived yet')
  await app.press('Send it a sample mail')
  await app.drawn(section('Messages'), /Unread.*Sample Service.*Your verification code/s)
  await (await app.see(`${section('Messages')} button`)).click()
  await app.read(section('Your verification code'), 'Sample Service <signup@service.example>')
  const link = 'https://service.example/verify?token=m4deUpT0ken7'
  await app.drawn(section('Picked out'), /Code\s+482913[^]*Link to service\.example\s+https:/)
  expect(await app.read(`${section('Picked out')} code`)).toBe(link)
  await app.gone(`${section('Messages')} .unread`)
  await app.inspect('inbox')
})

it('shows each inbox its own messages only', async () => {
  await app.choose('Workspace', 'search agent')
  await app.read('main', 'Nothing has arrived yet')
  await app.press('Workspaces', 'nav')
})

it('tells who used what, by workspace and by secret', async () => {
  await app.press('Audit', 'nav')
  const names = (rows: Line[]) => [...new Set(rows.map(({ workspace }) => workspace).filter(Boolean))].sort()
  await timeline('all workspaces', (rows) => names(rows).length === 3)
  await app.choose('Workspace', 'payments agent')
  const ofPayments = await timeline('one workspace', (rows) => rows.length > 0 && rows.every(({ workspace }) => workspace === 'payments agent'))
  expect(ofPayments.map(({ action }) => action)).toEqual(expect.arrayContaining(['workspace.provision', 'message.read']))
  await app.inspect('audit-workspace')

  await app.choose('Workspace', 'All workspaces')
  await timeline('all workspaces again', (rows) => names(rows).length === 3)
  await app.fill('Secret', 'CODEX_MONITOR_DAEMON_TOKEN')
  const ofSecret = await timeline('one secret', (rows) => rows.length > 0 && rows.every(({ object }) => object === 'CODEX_MONITOR_DAEMON_TOKEN'))
  expect(ofSecret.map(({ action }) => action)).toContain('secret.rotate')
  await app.press('Verify the trail')
  await app.read('main', /Whole: \d+ entries/)
  await app.inspect('audit')
  await app.fill('Secret', 'CODEX_MONITOR_NEVER_USED')
  await app.read('main', 'No entries')
  await app.press('Workspaces', 'nav')
})

it('shows that Ravi is away, goes on where it can, and recovers', async () => {
  await app.press('Pull the network')
  await app.read('.banner.offline', 'Ravi does not answer')
  await app.read('.connection', 'Offline')
  await app.read(`${card('payments')} .pill`, 'ready')
  await app.fill('New worktrees', 'late')
  await app.press('Add worktree')
  await app.read(`${card('late')} [role=alert]`, 'api.unreachable')
  await app.inspect('offline')
  await app.press('Plug the network in')
  await app.gone('.banner.offline')
  await app.press('Try again', card('late'))
  await app.read(`${card('late')} .pill`, 'ready')
})

it('examines the machine', async () => {
  await app.press('Doctor', 'nav')
  await app.read(section('Findings'), /Fine/)
  await app.inspect('doctor')
})

it('asks before it removes, and takes Escape for no', async () => {
  await app.press('Workspaces', 'nav')
  // What comes in late moves what is below it.
  for (const branch of branches) await app.see(`${card(branch)} .commit-author`)
  await app.press('Remove docs', card('docs'))
  await app.read(card('docs'), 'Deletes the folder')
  await app.driver.switchTo().activeElement().sendKeys(Key.ESCAPE)
  await app.gone(`${card('docs')} .confirm`)
  expect(await app.driver.switchTo().activeElement().getText()).toBe('Remove')
})

it('works in a narrow window', async () => {
  await app.driver.manage().window().setRect({ width: 500, height: 820 })
  await app.inspect('narrow')
  const overflow = 'return document.documentElement.scrollWidth - document.documentElement.clientWidth'
  expect(await app.driver.executeScript(overflow)).toBe(0)
  await app.driver.manage().window().setRect({ width: 1180, height: 820 })
})

it('removes worktrees and gives their identities back', async () => {
  for (const branch of [...branches, 'late']) {
    const folder = folderOf(branch)
    await app.confirm(`Remove ${branch}`, card(branch))
    await app.gone(card(branch))
    expect(existsSync(folder)).toBe(false)
  }
  expect(git(home, repository, 'worktree', 'list').split('\n')).toHaveLength(1)
  await app.confirm('Remove shop')
  await app.read('main', 'No repository yet')
  expect(worktrees()).toEqual([])
})
