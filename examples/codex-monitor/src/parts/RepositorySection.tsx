import type { Repository, useWorkspaces } from '../hooks/useWorkspaces'
import { AddWorktrees } from './AddWorktrees'
import { ConfirmButton } from './ConfirmButton'
import { ErrorNotice } from './ErrorNotice'
import { IdentityCard } from './IdentityCard'
import type { PageName } from './Nav'
import { Path } from './Path'

interface Props {
  repository: Repository
  workspaces: ReturnType<typeof useWorkspaces>
  onSignIn: () => void
  onOpen: (page: PageName, workspace?: string) => void
}

/** A repository and its worktrees. Your own checkout keeps your author and your login. */
export function RepositorySection({ repository: { entry, job, worktrees }, workspaces, onSignIn, onOpen }: Props) {
  const { addWorktrees, provision, share, wake, remove, dismiss } = workspaces
  return (
    <section className="repository" aria-label={`Repository ${entry.name}`}>
      <header>
        <div>
          <h2>{entry.name}</h2>
          <p>
            <Path path={entry.path} />
          </p>
        </div>
        {worktrees.length === 0 && (
          <ConfirmButton
            label="Remove"
            name={`Remove ${entry.name}`}
            warning="Takes it off the list; the folder stays."
            onConfirm={() => void remove(entry, false)}
          />
        )}
      </header>
      {job?.error && <ErrorNotice error={job.error} action={{ label: 'Dismiss', run: () => dismiss(entry.id) }} />}
      <div className="cards">
        {worktrees.map((workspace) => (
          <IdentityCard
            key={workspace.entry.id}
            workspace={workspace}
            onFinish={() => void provision(workspace.entry, false)}
            onShare={() => void share(workspace.entry)}
            onWake={() => void wake(workspace.entry)}
            onRemove={() => void remove(workspace.entry, workspace.summary !== undefined)}
            onDismiss={() => dismiss(workspace.entry.id)}
            onSignIn={onSignIn}
            onOpen={(page) => onOpen(page, workspace.entry.id)}
          />
        ))}
      </div>
      <AddWorktrees repository={entry} onAdd={addWorktrees} />
    </section>
  )
}
