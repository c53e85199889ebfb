import { useCallback } from 'react'
import type { BundleInfo, ErrorBody, FolderState, GithubInfo, Sharing } from 'tauri-plugin-ravi-api'
import { useEvery } from '../hooks/useEvery'
import { useLoad } from '../hooks/useLoad'
import type { Workspace } from '../hooks/useWorkspaces'
import { lastCommit } from '../tauri'
import { ConfirmButton } from './ConfirmButton'
import { CopyButton } from './CopyButton'
import { ErrorNotice } from './ErrorNotice'
import type { PageName } from './Nav'
import { Steps } from './Steps'

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

const FOLDERS: Record<FolderState, ErrorBody | undefined> = {
  present: undefined,
  gone: { code: 'folder.gone', message: 'The folder is gone.', hint: 'Remove the worktree to free its identity.' },
  unseen: { code: 'folder.unseen', message: 'The folder cannot be seen right now.', hint: 'Nothing is taken away until it can.' },
}

/** Who the agent in a worktree is, how it stands, and what to do when something is wrong. */
export function IdentityCard({ workspace, onFinish, onShare, onWake, onRemove, onDismiss, onSignIn, onOpen }: Props) {
  const { entry, summary, job } = workspace
  const busy = job !== undefined && !job.error
  const state = busy ? 'working' : (summary?.state ?? 'no identity')
  const error = job?.error ?? summary?.last_error ?? (summary && FOLDERS[summary.folder])

  const fix = () => {
    if (error?.code === 'workspace.plan_full') return { label: "Use the account's identity, without a key", run: onShare }
    if (error?.code.startsWith('account.')) return { label: 'Sign in', run: onSignIn }
    if (summary?.state !== 'ready') return { label: 'Try again', run: onFinish }
    return job?.error ? { label: 'Dismiss', run: onDismiss } : undefined
  }

  return (
    <article className="card identity" aria-label={`Worktree ${entry.name}`} aria-busy={busy}>
      <header>
        <h3>{entry.name}</h3>
        <span className={`pill ${state.replace(' ', '-')}`}>{state}</span>
      </header>
      {summary?.identity && <Facts workspace={workspace} />}
      {busy && <Steps steps={job.steps} />}
      {error && !busy && <ErrorNotice error={error} action={fix()} />}
      {!busy && (
        <footer>
          {summary?.state === 'suspended' && (
            <button type="button" aria-label={`Wake ${entry.name}`} onClick={onWake}>
              Wake
            </button>
          )}
          {summary?.state !== 'ready' && summary?.state !== 'suspended' && !error && (
            <button type="button" aria-label={`Finish ${entry.name}`} onClick={onFinish}>
              {summary ? 'Finish' : 'Give it an identity'}
            </button>
          )}
          {summary?.state === 'ready' && summary.key && <Links name={entry.name} onOpen={onOpen} />}
          <ConfirmButton
            label="Remove"
            name={`Remove ${entry.name}`}
            warning="Deletes the folder and what is not committed in it."
            onConfirm={onRemove}
          />
        </footer>
      )}
    </article>
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

function Facts({ workspace: { entry, summary } }: { workspace: Workspace }) {
  const identity = summary?.identity
  return (
    <dl className="facts">
      <dt>Email</dt>
      <dd>
        <span className="value">{identity?.email}</span> {identity && <CopyButton text={identity.email} name={`address of ${entry.name}`} />}
      </dd>
      <dt>Phone</dt>
      <dd>{identity?.phone ?? <span className="quiet">none</span>}</dd>
      {summary?.sharing && (
        <>
          <dt>Shared</dt>
          <dd>{sharingWords(summary.sharing)}</dd>
        </>
      )}
      {summary && !summary.key && (
        <>
          <dt>Key</dt>
          <dd>none: no inbox and no vault</dd>
        </>
      )}
      <dt>Author</dt>
      <dd>{summary?.git ? `${summary.git.user_name} <${summary.git.user_email}>` : <span className="quiet">not set yet</span>}</dd>
      <dt>GitHub</dt>
      <dd>{summary?.github ? githubWords(summary.github) : <span className="quiet">not chosen yet</span>}</dd>
      {summary && summary.bundle.length > 0 && (
        <>
          <dt>Given</dt>
          <dd>{summary.bundle.map(givenWords).join(', ')}</dd>
        </>
      )}
      <dt>Last commit</dt>
      <dd>
        <LastCommit id={entry.id} />
      </dd>
      <dt>Folder</dt>
      <dd className="path quiet">{entry.path}</dd>
    </dl>
  )
}

function sharingWords({ host, with: others }: Sharing): string {
  const users = [host ? "the app's own secrets" : '', ...others].filter(Boolean)
  return users.length > 0 ? `address, inbox and vault with ${users.join(', ')}` : 'an identity that was there before'
}

function githubWords({ source, secret }: GithubInfo): string {
  switch (source) {
    case 'workspace':
      return `its own token (${secret})`
    case 'host':
      return `the app's token (${secret})`
    case 'inherited':
      return 'your login'
    case 'denied':
      return 'none: refused until it has a token'
  }
}

/** Names alone: no value of a secret comes into a window with this. */
function givenWords({ key, secret, source }: BundleInfo): string {
  return source === 'pool' ? `${key} (${secret})` : key
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
