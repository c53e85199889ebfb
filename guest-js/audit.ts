import type { AuditFilter, AuditReport, AuditRow } from './bindings'
import { call } from './ipc'

/**
 * What was done on this machine, oldest first: which workspace used what, when, and with what outcome. Contains names,
 * never a value. Needs `ravi:audit`.
 *
 * @example
 * ```ts
 * const week = Date.now() - 7 * 24 * 3600 * 1000
 * const uses = await ravi.audit.query({ secret: 'CODEX_MONITOR_DAEMON_TOKEN', since_ms: week })
 * ```
 */
export function query(filter: Partial<AuditFilter> = {}): Promise<AuditRow[]> {
  return call('audit_query', { filter })
}

/** Checks every entry to see whether the trail is still as it was written. Needs `ravi:audit`. */
export function verify(): Promise<AuditReport> {
  return call('audit_verify')
}
