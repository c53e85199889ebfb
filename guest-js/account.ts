import { listen } from '@tauri-apps/api/event'
import type { Account, AccountChange, DevicePrompt, SignedOut } from './bindings'
import { abortable, call, longCall } from './ipc'

/**
 * Which Ravi account this machine uses. Needs `ravi:allow-account-status`, part of `ravi:default`.
 *
 * @throws {RaviError} among other cases, if nobody is signed in.
 */
export function status(): Promise<Account> {
  return call('account_status')
}

/** Options of {@link login}. */
export interface LoginOptions {
  /** Called once, with the code and the page to show to the person. */
  onPrompt: (prompt: DevicePrompt) => void
  /** Ends the wait; the promise is rejected with the signal's reason. */
  signal?: AbortSignal
}

/**
 * Signs in with a device code; resolves when the person has approved it. Needs `ravi:account`.
 *
 * @example
 * ```ts
 * await ravi.account.login({ onPrompt: ({ user_code, url }) => show(user_code, url) })
 * ```
 */
export function login({ onPrompt, signal }: LoginOptions): Promise<Account> {
  const show = (prompt: DevicePrompt) => {
    // The signal may fire before the server has answered, when there was nothing to cancel yet.
    if (signal?.aborted) void cancelLogin().catch(() => {})
    else onPrompt(prompt)
  }
  return abortable(signal, cancelLogin, () => longCall('account_login', {}, show))
}

/** Ends a login that is waiting for approval, in any window; `false` if there is none. Needs `ravi:account`. */
export function cancelLogin(): Promise<boolean> {
  return call('account_cancel')
}

/**
 * Forgets the stored key, and revokes it if a login created it; `warnings` in the result says which key stays valid. Needs
 * `ravi:account`.
 */
export function logout(): Promise<SignedOut> {
  return call('account_logout')
}

/**
 * Chooses the identity that holds the app's own secrets, by name, uuid or address, from the `choices` of {@link status}.
 * Needs `ravi:account`.
 */
export function chooseHost(identity: string): Promise<Account> {
  return call('account_choose_host', { identity })
}

/**
 * Makes an identity for the app's own secrets, which uses up one of those that the plan allows. Needs `ravi:account`.
 */
export function makeHost(): Promise<Account> {
  return call('account_make_host')
}

/**
 * Calls `handler` after each login and logout in any window.
 *
 * @returns an unsubscribe function.
 */
export function onChange(handler: (change: AccountChange) => void): Promise<() => void> {
  return listen<AccountChange>('ravi://account', ({ payload }) => handler(payload))
}
