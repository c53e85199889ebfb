import { useCallback, useState } from 'react'
import type { RaviError } from 'tauri-plugin-ravi-api'
import { useNoteError } from './useAccount'

/** A provision or release started by this page that is running, or that failed and has not been dismissed yet. */
export interface Job {
  id: string
  error?: RaviError
}

/** Long-running work, one job for each workspace. The steps come from the plugin, whoever started the work. */
export function useJobs() {
  const [jobs, setJobs] = useState<Job[]>([])
  const note = useNoteError()

  const dismiss = useCallback((id: string) => setJobs((all) => all.filter((job) => job.id !== id)), [])

  /** Resolves to whether the work was done; an error is kept with the job. */
  const run = useCallback(
    async (id: string, work: () => Promise<unknown>): Promise<boolean> => {
      const set = (job: Job) => setJobs((all) => [...all.filter((one) => one.id !== id), job])
      set({ id })
      try {
        await work()
        dismiss(id)
        return true
      } catch (cause) {
        set({ id, error: note(cause) })
        return false
      }
    },
    [dismiss, note],
  )

  return { jobs, run, dismiss }
}
