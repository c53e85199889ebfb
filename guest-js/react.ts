/**
 * React hooks over the plugin's calls and events, an optional entry: `tauri-plugin-ravi-api/react`.
 *
 * Each hook loads once, and again whenever the plugin says that something changed, in this window or another. Besides the
 * permission of the call the window needs `core:event:default`; without it the hooks load, and report why they do not
 * follow changes.
 *
 * @module
 */

import { useCallback, useEffect, useRef, useState } from 'react'
import { account, inbox, RaviError, workspaces, type Account, type InboxItem, type WorkspaceSummary } from './index'

/** What every hook of this package answers besides its data. */
export interface Live {
  /** The first answer has not come yet. */
  loading: boolean
  /** Why the last attempt failed; the data is that of the last one that did not. */
  error: RaviError | null
  /** Loads again; resolves when it has. Never rejects: a failure is in `error`. */
  refresh: () => Promise<void>
}

/** What {@link useAccount} answers. */
export interface LiveAccount extends Live {
  /** Who this machine is to Ravi; `null` while that is not known, or nobody is signed in. */
  account: Account | null
}

/** What {@link useInbox} answers. */
export interface LiveInbox extends Live {
  /** The newest messages, oldest first. */
  messages: InboxItem[]
}

/** What {@link useWorkspaces} answers. */
export interface LiveWorkspaces extends Live {
  /** All workspaces that the window's scope allows, oldest first. */
  workspaces: WorkspaceSummary[]
}

/**
 * Who this machine is to Ravi. That nobody is signed in is no error: `account` is `null` then.
 *
 * @example
 * ```tsx
 * const { account, loading } = useAccount()
 * if (!loading && !account) return <SignIn />
 * ```
 */
export function useAccount(): LiveAccount {
  const { data, ...live } = useLive<Account | null>(null, loadAccount, account.onChange)
  return { account: data, ...live }
}

/**
 * All workspaces.
 *
 * @example
 * ```tsx
 * const { workspaces, error } = useWorkspaces()
 * if (error) return <p role="alert">{error.message} {error.hint}</p>
 * return <ul>{workspaces.map((one) => <li key={one.id}>{one.identity?.email}</li>)}</ul>
 * ```
 */
export function useWorkspaces(): LiveWorkspaces {
  const { data, ...live } = useLive<WorkspaceSummary[]>([], workspaces.list, workspaces.onChange)
  return { workspaces: data, ...live }
}

/**
 * The newest messages of a workspace, by its id or path; none while `target` is `null`.
 *
 * @example
 * ```tsx
 * const { messages } = useInbox('w1')
 * return <ul>{messages.map((one) => <li key={one.id}>{one.from}: {one.subject}</li>)}</ul>
 * ```
 */
export function useInbox(target: string | null): LiveInbox {
  const load = useCallback(async () => (target === null ? [] : inbox.list(target)), [target])
  const follow = useCallback(
    // Why it cannot be followed any more, loading again says, too.
    async (changed: () => void) => (target === null ? () => {} : inbox.onMessage(target, changed, changed)),
    [target],
  )
  const { data, ...live } = useLive<InboxItem[]>([], load, follow)
  return { messages: data, ...live }
}

async function loadAccount(): Promise<Account | null> {
  try {
    return await account.status()
  } catch (error) {
    if (error instanceof RaviError && error.code === 'account.not_signed_in') return null
    throw error
  }
}

interface Loaded<T> {
  data: T
  loading: boolean
  error: RaviError | null
}

/**
 * What `load` answers, again after each change that `listen` tells. However many changes come while it loads, it loads
 * once more, and what was asked first never overwrites what was asked later. `load` and `listen` must keep their identity
 * between renders; when they change everything begins anew.
 */
function useLive<T>(
  initial: T,
  load: () => Promise<T>,
  listen: (changed: () => void) => Promise<() => void>,
): Loaded<T> & { refresh: () => Promise<void> } {
  const empty = useRef({ data: initial, loading: true, error: null })
  const [state, setState] = useState<Loaded<T>>(empty.current)
  const refresh = useRef<() => Promise<void>>(async () => {})

  useEffect(() => {
    let live = true
    let running: Promise<void> | null = null
    let again = false
    let unlisten: (() => void) | undefined
    /** Why changes are not followed; after an outage the next load begins to. */
    const follow = async (): Promise<RaviError | null> => {
      if (unlisten) return null
      try {
        const stop = await listen(() => void refresh.current())
        if (live) unlisten = stop
        else stop()
        return null
      } catch (cause) {
        return RaviError.from(cause)
      }
    }
    const run = async () => {
      do {
        again = false
        // First listen, then load: a change in between is not missed.
        const deaf = await follow()
        if (!live) return
        const loaded = await load().then(
          (data) => ({ data, error: deaf }),
          (cause: unknown) => ({ error: RaviError.from(cause) }),
        )
        if (live) setState((before) => ({ ...before, ...loaded, loading: false }))
      } while (again && live)
      running = null
    }
    refresh.current = () => {
      again = running !== null
      return (running ??= run())
    }
    setState(empty.current)
    void refresh.current()
    return () => {
      live = false
      unlisten?.()
    }
  }, [load, listen])

  return { ...state, refresh: useCallback(() => refresh.current(), []) }
}
