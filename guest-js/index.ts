/**
 * Typed bindings of the Tauri plugin `ravi`.
 *
 * ```ts
 * import ravi from 'tauri-plugin-ravi-api'
 *
 * const token = await ravi.secrets.get('CODEX_MONITOR_DAEMON_TOKEN')
 * ```
 *
 * ## Security
 *
 * A window may call only what its capability grants. `ravi:default` shows and changes workspaces, and touches no secret's
 * value. Reading a value needs a scope that names the key; `*` stands for any characters, and a deny entry wins:
 *
 * ```json
 * {
 *   "identifier": "main",
 *   "windows": ["main"],
 *   "permissions": [
 *     "core:default",
 *     "ravi:default",
 *     { "identifier": "ravi:allow-secret-get", "allow": [{ "key": "CODEX_MONITOR_*" }] }
 *   ]
 * }
 * ```
 *
 * @module
 */

import * as account from './account'
import * as audit from './audit'
import * as codex from './codex'
import { doctor } from './doctor'
import * as inbox from './inbox'
import * as power from './power'
import * as registrations from './registrations'
import * as seal from './seal'
import * as secrets from './secrets'
import * as settings from './settings'
import * as workspaces from './workspaces'

export { account, audit, codex, doctor, inbox, power, registrations, seal, secrets, settings, workspaces }
export { RaviError } from './error'
export type * from './bindings'
export type { ListOptions, WaitOptions } from './inbox'
export type { LoginOptions } from './account'

export type { NewValue } from './secrets'
export type { Places } from './settings'
export type { ProgressOptions, ProvisionOptions, ReleaseOptions } from './workspaces'

/** Everything in one object: `ravi.account`, `ravi.secrets`, `ravi.workspaces` and so on. */
export const ravi = { account, audit, codex, doctor, inbox, power, registrations, seal, secrets, settings, workspaces } as const
export default ravi
