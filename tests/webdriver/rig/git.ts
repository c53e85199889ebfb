// A person's repository, and what an agent does in its worktrees, by the real git.
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The environment of every git here, the app's among them: nothing of this machine's own configuration counts. */
export function gitEnv(folder: string): NodeJS.ProcessEnv {
  return { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: join(folder, 'gitconfig'), GIT_TERMINAL_PROMPT: '0' }
}

/** Git in `folder`, with the person's configuration from `home`. */
export function git(home: string, folder: string, ...args: string[]): string {
  return execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8', env: { ...process.env, ...gitEnv(home) } }).trim()
}

/** A repository of Hanna Human with one commit. */
export function makeRepository(home: string, name: string): string {
  const folder = join(home, name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(home, 'gitconfig'), '[user]\n\tname = Hanna Human\n\temail = hanna@example.com\n[init]\n\tdefaultBranch = main\n')
  git(home, folder, 'init', '--quiet')
  git(home, folder, 'commit', '--quiet', '--allow-empty', '-m', 'Begin')
  return folder
}
