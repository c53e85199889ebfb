import type { FolderState, WorkspaceSummary } from 'tauri-plugin-ravi-api'
import type { NewWorkspace } from './useWorkspaces'

interface Props {
  /** `undefined` while they are being read. */
  workspaces: WorkspaceSummary[] | undefined
  /** Ids of those that something is being done with. */
  busy: Set<string>
  onRelease: (workspace: WorkspaceSummary) => void
  onRetry: (workspace: NewWorkspace) => void
}

const FOLDERS: Record<FolderState, string> = {
  present: '',
  gone: 'The folder is gone.',
  unseen: 'The folder cannot be seen right now.',
}

export function WorkspaceTable({ workspaces, busy, onRelease, onRetry }: Props) {
  if (!workspaces) return <p role="status">Reading the workspaces…</p>
  if (workspaces.length === 0) return <p className="empty">No workspaces yet. Add the folder of one above.</p>
  return (
    <div className="scroll" role="region" aria-label="Workspaces" tabIndex={0}>
      <table>
        <caption className="hidden">Workspaces, oldest first</caption>
        <thead>
          <tr>
            <th scope="col">Workspace</th>
            <th scope="col">Email</th>
            <th scope="col">Phone</th>
            <th scope="col">Author of its commits</th>
            <th scope="col">State</th>
            <th scope="col">
              <span className="hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {workspaces.map((workspace) => (
            <tr key={workspace.id}>
              <th scope="row">
                {workspace.name}
                <span className="path">{workspace.path}</span>
              </th>
              <td>{workspace.identity?.email ?? '–'}</td>
              <td className="phone">{workspace.identity?.phone ?? '–'}</td>
              <td>
                {workspace.git?.user_name ?? '–'}
                {workspace.git && <span className="address">{workspace.git.user_email}</span>}
              </td>
              <td>
                <span className={`pill ${workspace.state}`}>{workspace.state}</span>
                <Trouble workspace={workspace} />
              </td>
              <td className="actions">
                {workspace.state === 'provisioning' && (
                  <button
                    type="button"
                    disabled={busy.has(workspace.id)}
                    aria-label={`Finish ${workspace.name}`}
                    onClick={() => onRetry({ id: workspace.id, path: workspace.path, name: workspace.name })}
                  >
                    Finish
                  </button>
                )}
                <button
                  type="button"
                  disabled={busy.has(workspace.id)}
                  aria-label={`Release ${workspace.name}`}
                  onClick={() => onRelease(workspace)}
                >
                  Release
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Trouble({ workspace }: { workspace: WorkspaceSummary }) {
  const { last_error: error, folder } = workspace
  return (
    <>
      {folder !== 'present' && <span className="trouble">{FOLDERS[folder]}</span>}
      {error && (
        <span className="trouble">
          {error.message} {error.hint}
        </span>
      )}
    </>
  )
}
