import type { Report } from './bindings'
import { call } from './ipc'

/**
 * Checks everything that can be wrong on this machine (account, server, clock, keychain, files, programs, debts), and
 * says what to do about each problem. Changes nothing; takes up to a few seconds. Needs `ravi:allow-doctor`, part of `ravi:default`.
 *
 * @example
 * ```ts
 * const { findings } = await ravi.doctor()
 * for (const { state, message, fix } of findings) if (state !== 'ok') console.warn(message, fix)
 * ```
 */
export function doctor(): Promise<Report> {
  return call('doctor')
}
