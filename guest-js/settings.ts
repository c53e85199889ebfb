import type { MigrateReport, Place, UndoReport } from './bindings'
import { call } from './ipc'

/** Where in a settings file secrets stand: the preset of a well-known app, or a list. */
export type Places = 'codex-monitor' | Place[]

/**
 * What {@link migrate} would do; changes nothing. Needs `ravi:settings` with a scope that names the file and the secrets.
 *
 * @param file whole path of a JSON file, which the scope names: `{ "file": "$APPDATA/settings.json" }`.
 * @param places where in it secrets stand, and the names they get. A list needs `{ "place": "/a/b=KEY" }` for each.
 */
export function plan(file: string, places: Places): Promise<MigrateReport> {
  return call('settings_plan', { file, places })
}

/**
 * Moves plaintext values of a settings file into the vault and leaves `ravi://` references in their place. Needs
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
 * Puts a settings file back as it was before it was migrated, byte for byte, plaintext values included. Changes made since
 * are left beside it. Needs `ravi:settings` with a scope that names the file and all secrets that were moved out of it.
 *
 * @throws {RaviError} with the code `settings.no_backup` where no migration of it is known on this machine.
 */
export function undo(file: string): Promise<UndoReport> {
  return call('settings_undo', { file })
}
