import type { Registration } from './bindings'
import { call } from './ipc'

/**
 * A workspace's logins at websites, sorted by website: the website and the user name, never a password. `target` is the id or
 * the path of the workspace. Needs `ravi:allow-registration-list` (or `ravi:registrations`); a scope can limit the window to
 * certain workspaces.
 *
 * @example
 * ```ts
 * const logins = await ravi.registrations.list('w1')
 * console.log(logins.map(({ domain, username }) => `${username} at ${domain}`))
 * ```
 */
export function list(target: string): Promise<Registration[]> {
  return call('registration_list', { target })
}

function remove(target: string, domain: string, username?: string): Promise<Registration> {
  return call('registration_delete', { target, domain, username })
}

export {
  /**
   * Deletes the workspace's login at a website from its vault, and returns the deleted login; the account at the website
   * stays. `username` is needed if there are several logins for the website. Needs `ravi:allow-registration-delete` (or
   * `ravi:registrations`).
   */
  remove as delete,
}
