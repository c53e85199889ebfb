// The window opens and a worktree gets an identity.
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { App, emptyFolder } from './rig/app'
import { git, makeRepository } from './rig/git'

const home = emptyFolder('workspace')
let app: App

beforeAll(async () => {
  app = await App.start(home)
})
afterEach(({ task }) => (task.result?.state === 'fail' ? app.picture('failed') : undefined))
afterAll(() => app?.end())

it('gives a worktree its own author', async () => {
  const repository = makeRepository(home, 'shop')
  const worktree = join(home, 'payments')
  git(home, repository, 'worktree', 'add', '--quiet', '-b', 'payments', worktree)
  await app.fill('Folder /home/me/worktrees/payments', worktree)
  await app.fill('Name payments agent', 'payments agent')
  await app.press('Add workspace')
  const row = await app.read('tbody tr', 'ready')
  git(home, worktree, 'commit', '--quiet', '--allow-empty', '-m', 'Work')
  const author = git(home, worktree, 'log', '-1', '--format=%ae')
  expect(row).toContain(author)
  expect(author).not.toBe('hanna@example.com')
  await app.picture('first')
})
