import { useCallback, useEffect, useRef, useState } from 'react'
import { RaviError } from 'tauri-plugin-ravi-api'
import { useNoteError } from './useAccount'

export interface Loaded<T> {
  /** What was read last; `undefined` until then. Stays while it is read again. */
  data: T | undefined
  error: RaviError | undefined
  reload: () => void
}

/** What `read` answers, and how it failed. Reads again when `read` changes; give it a stable function. */
export function useLoad<T>(read: () => Promise<T>): Loaded<T> {
  const [data, setData] = useState<T>()
  const [error, setError] = useState<RaviError>()
  const note = useNoteError()
  const turn = useRef(0)

  const reload = useCallback(() => {
    const mine = ++turn.current
    // Answers may overtake each other; the latest question counts.
    const current = () => mine === turn.current
    read().then(
      (answer) => {
        if (!current()) return
        setData(answer)
        setError(undefined)
      },
      (cause: unknown) => current() && setError(note(cause)),
    )
  }, [read, note])

  useEffect(() => {
    setData(undefined)
    setError(undefined)
    reload()
    return () => void turn.current++
  }, [reload])

  return { data, error, reload }
}
