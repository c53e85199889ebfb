import type { MigrateReport, Place, UndoReport } from './bindings'
import { call } from './ipc'

/** Where the secrets are in a settings file: the preset of a well-known app, or a list. */
export type Places = 'codex-monitor' | Place[]

/**
 * Returns what {@link migrate} would do; changes nothing. Needs `ravi:settings` with a scope that names the file and the secrets.
 *
 * @param file the absolute path of a JSON file that the scope names: `{ "file": "$APPDATA/settings.json" }`.
 * @param places where the secrets are in it, and the names they get. A list needs `{ "place": "/a/b=KEY" }` for each.
 */
export function plan(file: string, places: Places): Promise<MigrateReport> {
  return call('settings_plan', { file, places })
}

/**
 * Moves plaintext values from a settings file into the vault and leaves `ravi://` references in their place. Needs
 * `ravi:settings` with a scope that names the file and the secrets.
 *
 * @example
 * ```ts
 * const { moved } = await ravi.settings.migrate('/home/me/.local/share/codex-monitor/settings.json', 'codex-monitor')
 * ```
 */
export function migrate(file: string, places: Places): Promise<MigrateReport> {
  return call('settings_migrate', { file, places })
}

/**
 * Restores a settings file byte for byte to what it was before it was migrated, including plaintext values. Changes made since
 * are kept in a file beside it. Needs `ravi:settings` with a scope that names the file and all secrets that were moved out of it.
 *
 * @throws {RaviError} with the code `settings.no_backup` if this machine knows of no migration of the file.
 */
export function undo(file: string): Promise<UndoReport> {
  return call('settings_undo', { file })
}
