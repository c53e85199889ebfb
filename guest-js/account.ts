import { listen } from '@tauri-apps/api/event'
import type { Account, AccountChange, DevicePrompt } from './bindings'
import { call, longCall } from './ipc'

/**
 * Who this machine is to Ravi. Needs `ravi:allow-account-status`, part of `ravi:default`.
 *
 * @throws {RaviError} also where nobody is signed in.
 */
export function status(): Promise<Account> {
  return call('account_status')
}

/** What {@link login} takes. */
export interface LoginOptions {
  /** Called once, with the code and the page that the person has to see. */
  onPrompt: (prompt: DevicePrompt) => void
}

/**
 * Signs in with a device code, and resolves when the person has approved it. Needs `ravi:account`.
 *
 * @example
 * ```ts
 * await ravi.account.login({ onPrompt: ({ user_code, url }) => show(user_code, url) })
 * ```
 */
export function login({ onPrompt }: LoginOptions): Promise<Account> {
  return longCall('account_login', {}, onPrompt)
}

/** Forgets the kept key. Needs `ravi:account`. */
export function logout(): Promise<void> {
  return call('account_logout')
}

/**
 * Calls `handler` after each login and logout in any window.
 *
 * @returns a function that stops it.
 */
export function onChange(handler: (change: AccountChange) => void): Promise<() => void> {
  return listen<AccountChange>('ravi://account', ({ payload }) => handler(payload))
}
