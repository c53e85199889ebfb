import { useCallback } from 'react'
import type { ErrorBody } from 'tauri-plugin-ravi-api'
import { ProgressSteps, WorkspaceIdentity } from 'tauri-plugin-ravi-api/react'
import { useEvery } from '../hooks/useEvery'
import { useLoad } from '../hooks/useLoad'
import type { Workspace } from '../hooks/useWorkspaces'
import { lastCommit } from '../tauri'
import { ConfirmButton } from './ConfirmButton'
import { ErrorNotice } from './ErrorNotice'
import type { PageName } from './Nav'
import { Path } from './Path'
import { RecentUses } from './RecentUses'

interface Props {
  workspace: Workspace
  onFinish: () => void
  onShare: () => void
  onWake: () => void
  onRemove: () => void
  onDismiss: () => void
  onSignIn: () => void
  onOpen: (page: PageName) => void
}

/** Who the agent in a worktree is, its state, and what to do when something is wrong. */
export function IdentityCard({ workspace, onFinish, onShare, onWake, onRemove, onDismiss, onSignIn, onOpen }: Props) {
  const { entry, summary, job } = workspace
  const busy = job !== undefined && !job.error
  const state = busy ? 'working' : (summary?.state ?? 'no identity')
  // The plugin keeps the error of a failed call and shows it with the identity. If the call never reached the plugin, only the
  // job has the error.
  const failed = job?.error && job.error.message !== summary?.last_error?.message ? job.error : undefined
  const fine = !failed && !summary?.last_error && summary?.folder !== 'gone' && summary?.folder !== 'unseen'

  const fix = (error: ErrorBody) => {
    if (error.code === 'workspace.plan_full') return { label: "Use the account's identity, without a key", run: onShare }
    if (error.code.startsWith('account.')) return { label: 'Sign in', run: onSignIn }
    if (summary?.state !== 'ready') return { label: 'Try again', run: onFinish }
    return job?.error ? { label: 'Dismiss', run: onDismiss } : undefined
  }

  return (
    <article className="card identity" aria-label={`Worktree ${entry.name}`} aria-busy={busy}>
      <header>
        <h3>{entry.name}</h3>
        <span className={`pill ${state.replace(' ', '-')}`}>{state}</span>
      </header>
      {summary && (
        <WorkspaceIdentity id={entry.id} action={(error) => !busy && <Fix {...fix(error)} />}>
          <dt>Last commit</dt>
          <dd>
            <LastCommit id={entry.id} />
          </dd>
          <dt>Folder</dt>
          <dd>
            <Path path={entry.path} />
          </dd>
        </WorkspaceIdentity>
      )}
      {summary && !busy && <RecentUses id={entry.id} name={entry.name} />}
      {busy && <ProgressSteps id={entry.id} />}
      {failed && !busy && <ErrorNotice error={failed} action={fix(failed)} />}
      {!busy && (
        <footer>
          {summary?.state === 'suspended' && (
            <button type="button" aria-label={`Wake ${entry.name}`} onClick={onWake}>
              Wake
            </button>
          )}
          {summary?.state !== 'ready' && summary?.state !== 'suspended' && fine && (
            <button type="button" aria-label={`Finish ${entry.name}`} onClick={onFinish}>
              {summary ? 'Finish' : 'Give it an identity'}
            </button>
          )}
          {summary?.state === 'ready' && summary.key && <Links name={entry.name} onOpen={onOpen} />}
          <ConfirmButton
            label="Remove"
            name={`Remove ${entry.name}`}
            warning="Deletes the folder and everything in it that is not committed."
            onConfirm={onRemove}
          />
        </footer>
      )}
    </article>
  )
}

function Fix({ label, run }: { label?: string; run?: () => void }) {
  return (
    label && (
      <button type="button" onClick={run}>
        {label}
      </button>
    )
  )
}

const PAGES: PageName[] = ['Inbox', 'Audit']

function Links({ name, onOpen }: { name: string; onOpen: (page: PageName) => void }) {
  return PAGES.map((page) => (
    <button key={page} type="button" aria-label={`${page} of ${name}`} onClick={() => onOpen(page)}>
      {page}
    </button>
  ))
}

function LastCommit({ id }: { id: string }) {
  const { data: commit, reload } = useLoad(useCallback(() => lastCommit(id), [id]))
  useEvery(2_000, reload)
  if (!commit) return <span className="quiet">none</span>
  return (
    <>
      {commit.subject}{' '}
      <span className="quiet commit-author">
        by {commit.author} &lt;{commit.email}&gt;
      </span>
    </>
  )
}
