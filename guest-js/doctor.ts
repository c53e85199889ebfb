import type { Report } from './bindings'
import { call } from './ipc'

/**
 * Looks at everything that can be wrong on this machine (account, server, clock, keychain, files, programs, what is owed),
 * each with what to do. Changes nothing; takes up to a few seconds. Needs `ravi:allow-doctor`, part of `ravi:default`.
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
