// The same package by `require`, as node16 resolves it for CommonJS.
import ravi = require('tauri-plugin-ravi-api')
import hooks = require('tauri-plugin-ravi-api/react')

export const names: () => Promise<string[]> = ravi.secrets.names
export const everything: typeof ravi.ravi = ravi.default
export const use: () => { workspaces: ravi.WorkspaceSummary[] } = hooks.useWorkspaces
