import { listen } from '@tauri-apps/api/event'
import type { SecretChange } from './bindings'
import { call } from './ipc'

/**
 * Reads a secret of the app. Needs `ravi:allow-secret-get` (or `ravi:secrets-read`) with a scope that names the key.
 *
 * A value that a page has read can be read by every script of that page. Where the Rust side can use the value itself,
 * let it: `app.ravi().secret(key)`.
 *
 * @throws {RaviError} with the code `policy.scope` where the scope does not name the key, whether or not it exists.
 *
 * @example
 * ```ts
 * const token = await ravi.secrets.get('CODEX_MONITOR_DAEMON_TOKEN')
 * ```
 */
export function get(key: string): Promise<string> {
  return call('secret_get', { key })
}

/** Creates or overwrites a secret. Needs `ravi:allow-secret-set` (or `ravi:secrets-write`) with a scope that names the key. */
export function set(key: string, value: string): Promise<void> {
  return call('secret_set', { key, value })
}

function remove(key: string): Promise<void> {
  return call('secret_delete', { key })
}

export {
  /** Deletes a secret. Needs `ravi:allow-secret-delete` (or `ravi:secrets-write`) with a scope that names the key. */
  remove as delete,
}

/** The new value that {@link rotate} stores: one that is given, or one made of so many letters and digits. */
export type NewValue = { value: string; length?: never } | { value?: never; length?: number }

/**
 * Replaces a secret. The old value is kept until the new one was read back. Without a value one is made, 16 to 1024
 * letters and digits long; no page sees it. Needs `ravi:allow-secret-rotate` (or `ravi:secrets-write`) with a scope that
 * names the key.
 *
 * @example
 * ```ts
 * await ravi.secrets.rotate('CODEX_MONITOR_DAEMON_TOKEN')
 * ```
 */
export function rotate(key: string, { value, length }: NewValue = {}): Promise<void> {
  return call('secret_rotate', { key, value, length })
}

/** Names of the app's secrets, sorted. Needs `ravi:allow-secret-names`, part of `ravi:default`. */
export function names(): Promise<string[]> {
  return call('secret_names')
}

/**
 * Calls `handler` with the name, never the value, of each secret that changes: by this app, or by others, which is seen
 * when it is read again.
 *
 * @returns a function that stops it.
 */
export function onChange(handler: (change: SecretChange) => void): Promise<() => void> {
  return listen<SecretChange>('ravi://secret', ({ payload }) => handler(payload))
}
