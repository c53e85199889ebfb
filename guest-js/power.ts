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

/** Switches Ravi off; workspaces that are set up stay so. Does nothing in an app that always uses it (`asked` is false). Needs `ravi:allow-power-off`. */
export function off(): Promise<PowerStatus> {
  return call('power_off')
}

/** Puts a ledger that cannot be read aside and begins a new one. Needs `ravi:allow-power-renew`. */
export function renew(): Promise<Renewed> {
  return call('power_renew')
}

/**
 * Calls `handler` after each switch, in any window or by the app itself.
 *
 * @returns a function that stops it.
 */
export function onChange(handler: (status: PowerStatus) => void): Promise<() => void> {
  return listen<PowerStatus>('ravi://power', ({ payload }) => handler(payload))
}
