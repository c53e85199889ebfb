import { listen } from '@tauri-apps/api/event'
import type { ErrorBody } from './bindings'
import { call } from './ipc'

/** Whether the app has Ravi switched on. While it is off, every other call is rejected with the code `power.off`. */
export interface PowerStatus {
  /** Calls are answered. */
  on: boolean
  /** A person has switched it off, and it stays so until a person switches it on. */
  asked: boolean
  /** Why it is off, where nobody has switched it off. */
  error: ErrorBody | null
}

/** What {@link renew} answers. */
export interface PowerRenewed extends PowerStatus {
  /** Where the ledger that could not be read lies now. */
  aside: string | null
}

/** Whether Ravi is switched on. Needs `ravi:allow-power-status`. */
export function status(): Promise<PowerStatus> {
  return call('power_status')
}

/** Switches Ravi on, and tries again where it could not be. Needs `ravi:allow-power-on`. */
export function on(): Promise<PowerStatus> {
  return call('power_on')
}

/** Switches Ravi off, until {@link on} is called, in later runs of the app too. Needs `ravi:allow-power-off`. */
export function off(): Promise<PowerStatus> {
  return call('power_off')
}

/** Puts a ledger that cannot be read aside and begins a new one. Needs `ravi:allow-power-renew`. */
export function renew(): Promise<PowerRenewed> {
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
