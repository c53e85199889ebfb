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

/** Names of the app's secrets, sorted. Needs `ravi:allow-secret-names`, part of `ravi:default`. */
export function names(): Promise<string[]> {
  return call('secret_names')
}
