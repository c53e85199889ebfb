import type { SealStatus } from './bindings'
import { call } from './ipc'

/** How the app's secrets are stored at Ravi. Needs `ravi:allow-seal-status`, part of `ravi:default`. */
export function status(): Promise<SealStatus> {
  return call('seal_status')
}

/**
 * Switches end-to-end sealing on; `passphrase` opens the recovery copy of the key on another machine. Calling it again
 * finishes a call that was interrupted. Needs `ravi:seal`.
 */
export function enable(passphrase: string): Promise<SealStatus> {
  return call('seal_enable', { passphrase })
}

/**
 * Brings the key to this machine. Needs `ravi:seal`.
 *
 * @throws {RaviError} with the code `seal.passphrase` if the passphrase is wrong.
 */
export function unlock(passphrase: string): Promise<SealStatus> {
  return call('seal_unlock', { passphrase })
}

/** Seals everything with a new key; `passphrase` opens the recovery copy from then on. Needs `ravi:seal`. */
export function rotate(passphrase: string): Promise<SealStatus> {
  return call('seal_rotate', { passphrase })
}
