import { useWorkspaces } from '../hooks/useWorkspaces'
import { ErrorNotice } from '../parts/ErrorNotice'
import { AddRepository } from '../parts/AddRepository'
import { Empty, Loading, Page } from '../parts/Page'
import { RepositorySection } from '../parts/RepositorySection'
import { SignInFirst } from '../parts/SignInFirst'
import type { PageName } from '../parts/Nav'

interface Props {
  onSignIn: () => void
  onOpen: (page: PageName, workspace?: string) => void
}

export function WorkspacesPage({ onSignIn, onOpen }: Props) {
  const workspaces = useWorkspaces()
  const { repositories, error, message, reload } = workspaces
  return (
    <Page title="Workspaces" lead="Every worktree has its own address, git author and key, bound to its folder.">
      <SignInFirst onSignIn={onSignIn} />
      <p className="message" role="status">
        {message}
      </p>
      {error && <ErrorNotice error={error} action={{ label: 'Try again', run: reload }} />}
      {!repositories && !error && <Loading what="the workspaces" />}
      {repositories?.map((repository) => (
        <RepositorySection
          key={repository.entry.id}
          repository={repository}
          workspaces={workspaces}
          onSignIn={onSignIn}
          onOpen={onOpen}
        />
      ))}
      {repositories?.length === 0 && (
        <Empty title="No repository yet">
          Add the folder of a git repository below. Each worktree that you then make gets an address, a git author and a key of its
          own; your own checkout stays yours.
        </Empty>
      )}
      {repositories && <AddRepository onAdd={workspaces.add} />}
    </Page>
  )
}
