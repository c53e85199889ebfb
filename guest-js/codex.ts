import { listen } from '@tauri-apps/api/event'
import type { CodexChoice, CodexEvent, CodexRestored, CodexSaved, CodexStatus } from './bindings'
import { call } from './ipc'

/**
 * How the Codex login stands: the file, what is stored, and which machine has it. No token is shown. Needs
 * `ravi:allow-codex-status`, part of `ravi:default`; another folder than Codex's own, or another name, needs a scope.
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
 * Stores the login of Codex's folder, for this machine to have. Needs `ravi:codex`.
 *
 * @throws {RaviError} with the code `codex.held` where another machine has it, `codex.not_sealed` where the vault is not
 * sealed.
 */
export function save(choice: CodexChoice = {}): Promise<CodexSaved> {
  return call('codex_save', { choice })
}

/**
 * Puts the stored login into Codex's folder, where that is not newer. Needs `ravi:codex`. Where `changed` is true, send each
 * app-server that runs `account/read {"refreshToken":true}` once.
 *
 * @throws {RaviError} with the code `codex.held` where another machine has it; `take_over` takes it from there.
 */
export function restore(choice: CodexChoice = {}): Promise<CodexRestored> {
  return call('codex_restore', { choice })
}

/**
 * Calls `handler` with what happens to a login that the app watches (`Builder::watch_codex`).
 *
 * @returns a function that stops it.
 */
export function onChange(handler: (event: CodexEvent) => void): Promise<() => void> {
  return listen<CodexEvent>('ravi://codex', ({ payload }) => handler(payload))
}
