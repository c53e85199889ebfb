import { useId } from 'react'
import type { WorkspaceSummary } from 'tauri-plugin-ravi-api'

interface Props {
  workspaces: WorkspaceSummary[]
  value: string
  onValue: (id: string) => void
  /** The text of the option for all workspaces; without it, one must be chosen. */
  all?: string
}

export function WorkspaceChoice({ workspaces, value, onValue, all }: Props) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>Workspace</label>
      <select id={id} value={value} onChange={(event) => onValue(event.target.value)}>
        {all && <option value="">{all}</option>}
        {workspaces.map((workspace) => (
          <option key={workspace.id} value={workspace.id}>
            {workspace.name}
          </option>
        ))}
      </select>
    </div>
  )
}
