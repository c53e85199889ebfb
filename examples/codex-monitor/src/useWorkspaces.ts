import { useCallback, useEffect, useState } from 'react'
import ravi, { RaviError, type Progress, type WorkspaceSummary } from 'tauri-plugin-ravi-api'

/** A provision or release that runs, or that failed and was not dismissed yet. */
export interface Job {
  id: string
  title: string
  steps: Progress[]
  error?: RaviError
}

/** What a person enters to add a workspace. */
export interface NewWorkspace {
  id: string
  path: string
  name: string
  phone?: boolean
}

/** The workspaces, kept current by the plugin's events, and what can be done with them. */
export function useWorkspaces() {
  const [workspaces, setWorkspaces] = useState<WorkspaceSummary[]>()
  const [jobs, setJobs] = useState<Job[]>([])
  const [error, setError] = useState<RaviError>()
  const [message, setMessage] = useState('')

  const reload = useCallback(() => {
    ravi.workspaces.list().then(
      (list) => {
        setWorkspaces(list)
        setError(undefined)
      },
      (cause: unknown) => setError(RaviError.from(cause)),
    )
  }, [])

  useEffect(() => {
    reload()
    const listening = ravi.workspaces.onChange(reload)
    return () => void listening.then((unlisten) => unlisten())
  }, [reload])

  const run = async (id: string, title: string, done: string, work: (tell: (step: Progress) => void) => Promise<unknown>) => {
    const change = (edit: (job: Job) => Job) => setJobs((all) => all.map((job) => (job.id === id ? edit(job) : job)))
    setMessage('')
    setJobs((all) => [...all.filter((job) => job.id !== id), { id, title, steps: [] }])
    try {
      await work((step) => change((job) => ({ ...job, steps: withStep(job.steps, step) })))
      setJobs((all) => all.filter((job) => job.id !== id))
      setMessage(done)
      return true
    } catch (cause) {
      change((job) => ({ ...job, error: RaviError.from(cause) }))
      return false
    }
  }

  const add = (workspace: NewWorkspace) =>
    run(workspace.id, `Adding ${workspace.name}`, `${workspace.name} is ready.`, (onProgress) =>
      ravi.workspaces.provision(workspace, { onProgress }),
    )
  const release = ({ id, name }: WorkspaceSummary) =>
    run(id, `Releasing ${name}`, `${name} is released.`, (onProgress) => ravi.workspaces.release(id, { onProgress }))
  const dismiss = (id: string) => setJobs((all) => all.filter((job) => job.id !== id))

  return { workspaces, jobs, error, message, add, release, dismiss, reload }
}

/** A step is told when it begins and when it ends; one line stands for both. */
function withStep(steps: Progress[], step: Progress): Progress[] {
  const known = steps.some((one) => one.step === step.step)
  return known ? steps.map((one) => (one.step === step.step ? step : one)) : [...steps, step]
}
