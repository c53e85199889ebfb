import { createContext, useCallback, useContext, useMemo, type ReactNode } from 'react'
import { RaviError, type Account } from 'tauri-plugin-ravi-api'
import { useAccount as useRaviAccount, type LiveAccount } from 'tauri-plugin-ravi-api/react'
import { useEvery } from './useEvery'

/** The state of this machine's connection to Ravi. */
export type Connection =
  | { state: 'loading' | 'signed-out' }
  | { state: 'offline' | 'failed'; error: RaviError }
  | { state: 'ready'; account: Account }

interface Shared {
  connection: Connection
  /** Asks again. */
  check: () => Promise<void>
  /** Reports a failed call; if the call did not reach Ravi, checks whether Ravi is reachable. */
  note: (cause: unknown) => RaviError
}

const Context = createContext<Shared>({ connection: { state: 'loading' }, check: async () => {}, note: RaviError.from })

const isOffline = ({ code }: RaviError) => code === 'api.unreachable' || code === 'api.deadline'
/** How often to check that Ravi is reachable: seldom while it is, often while it is not. */
const [CALM_MS, ANXIOUS_MS] = [30_000, 1_500]

function standing({ account, error, loading }: LiveAccount): Connection {
  if (error) return { state: isOffline(error) ? 'offline' : 'failed', error }
  if (account) return { state: 'ready', account }
  return { state: loading ? 'loading' : 'signed-out' }
}

export function AccountProvider({ children }: { children: ReactNode }) {
  const live = useRaviAccount()
  const { account, error, loading, refresh: check } = live
  const connection = useMemo(() => standing({ account, error, loading, refresh: check }), [account, error, loading, check])
  const note = useCallback(
    (cause: unknown) => {
      const failure = RaviError.from(cause)
      if (isOffline(failure)) void check()
      return failure
    },
    [check],
  )
  useEvery(connection.state === 'offline' ? ANXIOUS_MS : CALM_MS, check)

  const shared = useMemo(() => ({ connection, check, note }), [connection, check, note])
  return <Context value={shared}>{children}</Context>
}

export const useAccount = () => useContext(Context)
export const useNoteError = () => useContext(Context).note
