import { useSyncExternalStore } from 'react'
import type { Account, InboxItem, PowerStatus, RaviError, WorkspaceSummary } from '../index'
import { find } from './find'
import type { Job } from './jobs'
import type { Loaded, Shared } from './shared'
import { accountStore, inboxStore, jobs, powerStore, workspaceStore } from './stores'

/** What every hook of this package answers besides its data. */
export interface Live {
  /** The first answer has not come yet. */
  loading: boolean
  /** Why the last attempt failed; the data is that of the last one that did not. */
  error: RaviError | null
  /** Loads again, for every component that shows it; resolves when it has. Never rejects: a failure is in `error`. */
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

/** What {@link useWorkspace} answers. */
export interface LiveWorkspace extends Live {
  /** `null` while the list is not known, and where it has no such workspace. */
  workspace: WorkspaceSummary | null
}

/** What {@link usePower} answers. */
export interface LivePower extends Live {
  /** Whether the app has Ravi switched on; `null` while that is not known. */
  power: PowerStatus | null
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
 * One workspace, by its id, by another id that the app has for the same folder, or by the real path of its folder. Renders
 * when this one changes, and not with the others.
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
 * What is being done with a workspace, step by step, by this window, another one, the app itself or another program; and when
 * it is over, what was done. Knows the steps since the first component of the page that looks at workspaces.
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

/** A part of a store. `select` must answer the same object as long as nothing in it has changed. */
function useSelected<T, S>(store: Shared<T>, select: (state: Loaded<T>) => S): S {
  const selected = () => select(store.get())
  return useSyncExternalStore(store.subscribe, selected, selected)
}
