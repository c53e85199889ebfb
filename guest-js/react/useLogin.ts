import { useEffect, useRef, useState } from 'react'
import { account, RaviError, type Account, type DevicePrompt } from '../index'
import { accountStore } from './stores'

/** The state of a login. */
export type Login =
  | { state: 'idle' | 'starting' | 'expired' }
  | { state: 'failed'; error: RaviError }
  | { state: 'waiting'; prompt: DevicePrompt; until: number }

/** A login with a device code. It ends with the component, because nobody would see the code any more. */
export function useLogin(onSignedIn?: (account: Account) => void) {
  const [login, setLogin] = useState<Login>({ state: 'idle' })
  const waiting = useRef<AbortController | null>(null)

  const stop = (state: 'idle' | 'expired') => {
    waiting.current?.abort()
    waiting.current = null
    setLogin({ state })
  }

  const start = async () => {
    waiting.current?.abort()
    const { signal } = (waiting.current = new AbortController())
    setLogin({ state: 'starting' })
    const onPrompt = (prompt: DevicePrompt) =>
      setLogin({ state: 'waiting', prompt, until: Date.now() + prompt.expires_in_s * 1000 })
    try {
      const who = await account.login({ onPrompt, signal })
      setLogin({ state: 'idle' })
      accountStore.put(who)
      onSignedIn?.(who)
    } catch (cause) {
      if (!signal.aborted) setLogin({ state: 'failed', error: RaviError.from(cause) })
    }
  }

  useEffect(
    () => () => {
      // If somebody is signed in, the login has just succeeded, and only its result is still on the way.
      if (!accountStore.get().data) waiting.current?.abort()
    },
    [],
  )
  return { login, start: () => void start(), cancel: () => stop('idle'), expire: () => stop('expired') }
}

/** Whole seconds until a point in time; calls `over` when it is reached. */
export function useCountdown(until: number, over: () => void): number {
  const left = () => Math.max(0, Math.ceil((until - Date.now()) / 1000))
  const [seconds, setSeconds] = useState(left)
  const end = useRef(over)
  end.current = over
  useEffect(() => {
    const tick = () => {
      setSeconds(left())
      if (Date.now() >= until) end.current()
    }
    const timer = setInterval(tick, 1000)
    return () => clearInterval(timer)
  }, [until])
  return seconds
}
