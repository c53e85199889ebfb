import { useState, type FormEvent } from 'react'
import type { RaviError } from 'tauri-plugin-ravi-api'
import { useNoteError } from '../hooks/useAccount'

/** The action of a form: whether it is running, and how it failed. */
export function useSubmit(work: () => Promise<unknown>) {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<RaviError>()
  const note = useNoteError()
  const submit = (event?: FormEvent) => {
    event?.preventDefault()
    setBusy(true)
    setError(undefined)
    work()
      .catch((cause: unknown) => setError(note(cause)))
      .finally(() => setBusy(false))
  }
  return { busy, error, submit }
}
