import { useCallback, useState } from 'react'
import type { RaviError } from 'tauri-plugin-ravi-api'
import { useNoteError } from './useAccount'

/** A provision or release that this page asked for: it runs, or failed and was not dismissed yet. */
export interface Job {
  id: string
  error?: RaviError
}

/** Long work, one piece for each workspace. Its steps come from the plugin, whoever asked for it. */
export function useJobs() {
  const [jobs, setJobs] = useState<Job[]>([])
  const note = useNoteError()

  const dismiss = useCallback((id: string) => setJobs((all) => all.filter((job) => job.id !== id)), [])

  /** Whether it was done; how it failed is kept with the job. */
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
