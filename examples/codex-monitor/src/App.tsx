import { useEffect, useState } from 'react'
import { AddForm } from './AddForm'
import { ErrorNotice } from './ErrorNotice'
import { JobCard } from './JobCard'
import { SignIn } from './SignIn'
import { about, type About } from './tauri'
import { useWorkspaces } from './useWorkspaces'
import { WorkspaceTable } from './WorkspaceTable'

export function App() {
  const [where, setWhere] = useState<About>()
  const { workspaces, jobs, error, message, add, release, dismiss, reload } = useWorkspaces()
  const busy = new Set(jobs.filter((job) => !job.error).map((job) => job.id))

  useEffect(() => void about().then(setWhere), [])

  return (
    <>
      {where && <Banner {...where} />}
      <main>
        <h1>Agent workspaces</h1>
        <p className="lead">Each gets its own mail address, git author and key, bound to its folder.</p>
        {where && !where.local && <SignIn />}
        <AddForm onAdd={add} />
        <p className="message" role="status">
          {message}
        </p>
        {jobs.map((job) => (
          <JobCard key={job.id} job={job} onDismiss={() => dismiss(job.id)} />
        ))}
        {error && <ErrorNotice error={error} action={{ label: 'Try again', run: reload }} />}
        <WorkspaceTable workspaces={workspaces} busy={busy} onRelease={release} onRetry={add} />
      </main>
    </>
  )
}

function Banner({ local, server }: About) {
  return local ? (
    <div className="banner" role="note">
      <strong>Stand-in Ravi.</strong> It runs inside this app, for trying out: addresses and numbers are made up, and it is
      no vault. Set <code>RAVI_API_URL</code> for the real service.
    </div>
  ) : (
    <div className="banner real" role="note">
      <strong>Ravi at</strong> <code>{server}</code>
    </div>
  )
}
