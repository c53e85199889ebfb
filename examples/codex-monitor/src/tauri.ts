// Every call from this app's page to its own Rust side. The plugin's commands come from `tauri-plugin-ravi-api`.
import { invoke } from '@tauri-apps/api/core'
import { RaviError, type Extraction, type InboxMessage } from 'tauri-plugin-ravi-api'

/** Which Ravi this run talks to, and where the app keeps its settings. */
export interface About {
  /** Whether the stand-in runs inside this app. */
  local: boolean
  /** Address of the Ravi that is used. */
  server: string
  settingsFile: string
  version: string
}

/** An entry of `workspaces.json`. */
export interface Entry {
  id: string
  name: string
  path: string
  kind: 'main' | 'worktree'
  parentId: string | null
  worktree: { branch: string } | null
}

export interface Commit {
  subject: string
  author: string
  email: string
}

export type Theme = 'system' | 'light' | 'dark'

/** The app's own errors have the same three parts as the plugin's. */
async function ask<T>(command: string, args?: Record<string, unknown>): Promise<T> {
  try {
    return await invoke<T>(command, args)
  } catch (cause) {
    throw RaviError.from(cause)
  }
}

export const about = () => ask<About>('about')
export const openAbout = () => ask<void>('open_about')

export const entries = () => ask<Entry[]>('workspace_entries')
export const addRepository = (path: string) => ask<Entry>('add_workspace', { path })
export const addWorktree = (parent: string, branch: string) => ask<Entry>('add_worktree', { parent, branch })
export const removeEntry = (id: string) => ask<void>('remove_workspace', { id })
export const lastCommit = (id: string) => ask<Commit | null>('last_commit', { id })

export const theme = () => ask<Theme>('theme')
export const setTheme = (theme: Theme) => ask<void>('set_theme', { theme })
/** A fingerprint that tells daemon tokens apart; `null` if there is no token. */
export const daemonToken = () => ask<string | null>('daemon_token')

/** The code and the link in a message, if one stands out. */
export const pickedOut = ({ from, to, subject, text, html, kind }: InboxMessage) =>
  ask<Extraction>('picked_out', { message: { from, to, subject, text, html, kind } })

/** What a person does with the stand-in that the outside world would otherwise do. */
export const standIn = {
  approve: (userCode: string) => ask<void>('stand_in_approve', { userCode }),
  mail: (to: string) => ask<void>('stand_in_mail', { to }),
  running: () => ask<boolean>('stand_in_running'),
  switch: (on: boolean) => ask<void>('stand_in_switch', { on }),
}
