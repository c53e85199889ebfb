import { useSyncExternalStore } from 'react'
import type { Account, InboxItem, PowerStatus, RaviError, WorkspaceSummary } from '../index'
import { find } from './find'
import type { Job } from './jobs'
import type { Loaded, Shared } from './shared'
import { accountStore, inboxStore, jobs, powerStore, workspaceStore } from './stores'

/** What every hook of this package returns besides its data. */
export interface Live {
  /** Whether the first result has yet to arrive. */
  loading: boolean
  /** Why the last attempt failed; the data is from the last attempt that succeeded. */
  error: RaviError | null
  /** Loads again, for every component that shows the data; resolves when done. Never rejects: a failure is in `error`. */
  refresh: () => Promise<void>
}

/** What {@link useAccount} returns. */
export interface LiveAccount extends Live {
  /** Which Ravi account this machine uses; `null` until that is known, or if nobody is signed in. */
  account: Account | null
}

/** What {@link useInbox} returns. */
export interface LiveInbox extends Live {
  /** The newest messages, oldest first. */
  messages: InboxItem[]
}

/** What {@link useWorkspaces} returns. */
export interface LiveWorkspaces extends Live {
  /** All workspaces that the window's scope allows, oldest first. */
  workspaces: WorkspaceSummary[]
}

/** What {@link useWorkspace} returns. */
export interface LiveWorkspace extends Live {
  /** `null` until the list is known, and if it has no such workspace. */
  workspace: WorkspaceSummary | null
}

/** What {@link usePower} returns. */
export interface LivePower extends Live {
  /** Whether the app has Ravi switched on; `null` until that is known. */
  power: PowerStatus | null
}

/**
 * Which Ravi account this machine uses. It is not an error if nobody is signed in: `account` is then `null`.
 *
 * @example
 * ```tsx
 * const { account, loading } = useAccount()
 * if (!loading && !account) return <SignIn />
 * ```
 */
export function useAccount(): LiveAccount {
  const { data, ...live } = useShared(accountStore)
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
  const { data, ...live } = useShared(workspaceStore)
  return { workspaces: data, ...live }
}

/**
 * One workspace, by its id, by another id that the app uses for the same folder, or by the real path of its folder. Re-renders
 * only when this workspace changes, not when others do.
 *
 * @example
 * ```tsx
 * const { workspace } = useWorkspace('w1')
 * return <p>{workspace?.identity?.email}</p>
 * ```
 */
export function useWorkspace(idOrPath: string): LiveWorkspace {
  const { refresh } = workspaceStore
  const workspace = useSelected(workspaceStore, ({ data }) => find(data, idOrPath))
  const loading = useSelected(workspaceStore, (state) => state.loading)
  const error = useSelected(workspaceStore, (state) => state.error)
  return { workspace, loading, error, refresh }
}

/**
 * What is being done with a workspace, step by step, by this window, another one, the app itself or another program; and once
 * it is over, what was done. Knows the steps since the page's first component that shows workspaces.
 *
 * @example
 * ```tsx
 * const { steps, running } = useProgress('w1')
 * return running && <ol>{steps.map(({ step, state }) => <li key={step}>{step} {state}</li>)}</ol>
 * ```
 */
export function useProgress(id: string): Job {
  const job = () => {
    const { id: known = id } = find(workspaceStore.get().data, id) ?? {}
    const own = jobs.get(id)
    return own.steps.length > 0 ? own : jobs.get(known)
  }
  return useSyncExternalStore(jobs.subscribe, job, job)
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
  const { data, ...live } = useShared(inboxStore(target))
  return { messages: data, ...live }
}

/** Whether the app has Ravi switched on. */
export function usePower(): LivePower {
  const { data, ...live } = useShared(powerStore)
  return { power: data, ...live }
}

function useShared<T>(store: Shared<T>): Loaded<T> & Pick<Live, 'refresh'> {
  return { ...useSyncExternalStore(store.subscribe, store.get, store.get), refresh: store.refresh }
}

/** A part of a store. `select` must return the same object as long as nothing in it has changed. */
function useSelected<T, S>(store: Shared<T>, select: (state: Loaded<T>) => S): S {
  const selected = () => select(store.get())
  return useSyncExternalStore(store.subscribe, selected, selected)
}
