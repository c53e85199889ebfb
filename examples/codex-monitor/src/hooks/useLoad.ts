import { useCallback, useEffect, useRef, useState } from 'react'
import { RaviError } from 'tauri-plugin-ravi-api'
import { useNoteError } from './useAccount'

export interface Loaded<T> {
  /** What was last read; `undefined` until then. Stays while it is read again. */
  data: T | undefined
  error: RaviError | undefined
  reload: () => void
}

/** What `read` returns, or how it failed. Reads again when `read` changes, so pass a stable function. */
export function useLoad<T>(read: () => Promise<T>): Loaded<T> {
  const [data, setData] = useState<T>()
  const [error, setError] = useState<RaviError>()
  const note = useNoteError()
  const turn = useRef(0)

  const reload = useCallback(() => {
    const mine = ++turn.current
    // Results may overtake each other; the latest call counts.
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
