import { useCallback, useState } from 'react'
import type { Progress, RaviError } from 'tauri-plugin-ravi-api'
import { useNoteError } from './useAccount'

/** A provision or release that runs, or that failed and was not dismissed yet. */
export interface Job {
  id: string
  steps: Progress[]
  error?: RaviError
}

type Tell = (step: Progress) => void

/** Long work, one piece for each workspace, told step by step. */
export function useJobs() {
  const [jobs, setJobs] = useState<Job[]>([])
  const note = useNoteError()

  const dismiss = useCallback((id: string) => setJobs((all) => all.filter((job) => job.id !== id)), [])

  /** Whether it was done; how it failed is kept with the job. */
  const run = useCallback(
    async (id: string, work: (tell: Tell) => Promise<unknown>): Promise<boolean> => {
      const change = (edit: (job: Job) => Job) => setJobs((all) => all.map((job) => (job.id === id ? edit(job) : job)))
      setJobs((all) => [...all.filter((job) => job.id !== id), { id, steps: [] }])
      try {
        await work((step) => change((job) => ({ ...job, steps: withStep(job.steps, step) })))
        dismiss(id)
        return true
      } catch (cause) {
        change((job) => ({ ...job, error: note(cause) }))
        return false
      }
    },
    [dismiss, note],
  )

  return { jobs, run, dismiss }
}

/** A step is told when it begins and when it ends; one line stands for both. */
function withStep(steps: Progress[], step: Progress): Progress[] {
  const known = steps.some((one) => one.step === step.step)
  return known ? steps.map((one) => (one.step === step.step ? step : one)) : [...steps, step]
}
