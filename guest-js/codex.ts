import { listen } from '@tauri-apps/api/event'
import type { CodexChoice, CodexEvent, CodexRestored, CodexSaved, CodexStatus } from './bindings'
import { call } from './ipc'

/**
 * The state of the Codex login: the file, what is stored, and which machine has it. Shows no token. Needs
 * `ravi:allow-codex-status`, part of `ravi:default`; a folder other than Codex's own, or another name, needs a scope.
 *
 * @example
 * ```ts
 * const { state, stored } = await ravi.codex.status()
 * if (state === 'file_newer') await ravi.codex.save()
 * ```
 */
export function status(choice: CodexChoice = {}): Promise<CodexStatus> {
  return call('codex_status', { choice })
}

/**
 * Stores the login from Codex's folder, with this machine as its holder. Needs `ravi:codex`.
 *
 * @throws {RaviError} with the code `codex.held` if another machine has the login, or `codex.not_sealed` if the vault
 * is not sealed.
 */
export function save(choice: CodexChoice = {}): Promise<CodexSaved> {
  return call('codex_save', { choice })
}

/**
 * Puts the stored login into Codex's folder, unless the login there is newer. Needs `ravi:codex`. If `changed` is true, send
 * `account/read {"refreshToken":true}` once to each running app-server.
 *
 * @throws {RaviError} with the code `codex.held` if another machine has the login; `take_over` takes it from that machine.
 */
export function restore(choice: CodexChoice = {}): Promise<CodexRestored> {
  return call('codex_restore', { choice })
}

/**
 * Calls `handler` with what happens to a login that the app watches (`Builder::watch_codex`).
 *
 * @returns an unsubscribe function.
 */
export function onChange(handler: (event: CodexEvent) => void): Promise<() => void> {
  return listen<CodexEvent>('ravi://codex', ({ payload }) => handler(payload))
}
