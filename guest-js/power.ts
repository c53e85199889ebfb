import { listen } from '@tauri-apps/api/event'
import type { PowerStatus, Renewed } from './bindings'
import { call } from './ipc'

/** Whether Ravi is switched on. Needs `ravi:allow-power-status`. */
export function status(): Promise<PowerStatus> {
  return call('power_status')
}

/** Switches Ravi on. Needs `ravi:allow-power-on`. */
export function on(): Promise<PowerStatus> {
  return call('power_on')
}

/**
 * Switches Ravi off; workspaces that are set up stay set up. Does nothing in an app that always uses Ravi (`asked` is false).
 * Needs `ravi:allow-power-off`.
 */
export function off(): Promise<PowerStatus> {
  return call('power_off')
}

/** Puts a ledger that cannot be read aside and begins a new one. Needs `ravi:allow-power-renew`. */
export function renew(): Promise<Renewed> {
  return call('power_renew')
}

/**
 * Calls `handler` after each switch, whether in a window or by the app itself.
 *
 * @returns an unsubscribe function.
 */
export function onChange(handler: (status: PowerStatus) => void): Promise<() => void> {
  return listen<PowerStatus>('ravi://power', ({ payload }) => handler(payload))
}
