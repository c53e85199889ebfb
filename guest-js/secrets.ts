import { listen } from '@tauri-apps/api/event'
import type { SecretChange } from './bindings'
import { call } from './ipc'

/**
 * Reads one of the app's secrets. Needs `ravi:allow-secret-get` (or `ravi:secrets-read`) with a scope that names the key.
 *
 * Once a page has read a value, every script on that page can read it. If the Rust side can use the value itself, let it:
 * `app.ravi().secrets().get(key)`.
 *
 * @throws {RaviError} with the code `policy.scope` if the scope does not name the key, whether or not it exists.
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

/** The new value that {@link rotate} stores: a given one, or one generated with this many letters and digits. */
export type NewValue = { value: string; length?: never } | { value?: never; length?: number }

/**
 * Replaces a secret. The old value is kept until the new one has been read back. If no value is given, one of 16 to 1024
 * letters and digits is generated, which no page sees. Needs `ravi:allow-secret-rotate` (or `ravi:secrets-write`) with a scope that
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
 * Calls `handler` with the name, never the value, of each secret that changes. A change made outside this app is noticed when
 * the secret is next read.
 *
 * @returns an unsubscribe function.
 */
export function onChange(handler: (change: SecretChange) => void): Promise<() => void> {
  return listen<SecretChange>('ravi://secret', ({ payload }) => handler(payload))
}
