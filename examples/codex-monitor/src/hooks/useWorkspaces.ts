import { useCallback, useMemo, useState } from 'react'
import ravi, { type WorkspaceSummary } from 'tauri-plugin-ravi-api'
import { useWorkspaces as useBound } from 'tauri-plugin-ravi-api/react'
import { addRepository, addWorktree, entries, removeEntry, type Entry } from '../tauri'
import { useJobs, type Job } from './useJobs'
import { useLoad } from './useLoad'

/** A worktree of `workspaces.json`, with what the plugin knows about it and what is being done with it. */
export interface Workspace {
  entry: Entry
  /** `undefined` if it has no identity. */
  summary: WorkspaceSummary | undefined
  job: Job | undefined
}

export interface Repository {
  entry: Entry
  job: Job | undefined
  worktrees: Workspace[]
}

/** Repositories and their worktrees, kept current by the plugin's events, and what can be done with them. */
export function useWorkspaces() {
  const { data: all, error, reload } = useLoad(entries)
  const { workspaces: bound, error: unknown, loading } = useBound()
  const { jobs, run, dismiss } = useJobs()
  const [message, setMessage] = useState('')

  // Not before both are known, or a worktree would seem to have no identity.
  const known = loading ? undefined : all
  const repositories = useMemo(() => known && together(known, bound, jobs), [known, bound, jobs])

  const say = useCallback(
    (text: string) => {
      setMessage(text)
      reload()
    },
    [reload],
  )

  const provision = useCallback(
    (entry: Entry, phone: boolean) =>
      run(entry.id, async () => {
        await ravi.workspaces.provision({ id: entry.id, path: entry.path, name: `${entry.name} agent`, phone })
        say(`${entry.name} is ready.`)
      }),
    [run, say],
  )

  /** On a plan without room: the account's identity, without a key to it. */
  const share = useCallback(
    (entry: Entry) =>
      run(entry.id, async () => {
        const request = { id: entry.id, path: entry.path, name: `${entry.name} agent`, share: true, no_key: true }
        await ravi.workspaces.provision(request)
        say(`${entry.name} is ready, with the account's address.`)
      }),
    [run, say],
  )

  const wake = useCallback(
    (entry: Entry) =>
      run(entry.id, async () => {
        await ravi.workspaces.wake(entry.id)
        say(`${entry.name} is awake.`)
      }),
    [run, say],
  )

  const add = useCallback(
    async (path: string) => {
      const entry = await addRepository(path)
      say(`${entry.name} has been added.`)
    },
    [say],
  )

  /** Each starts to get its identity as soon as its folder exists, all of them in parallel. */
  const addWorktrees = useCallback(
    async (parent: Entry, branches: string[], phone: boolean) => {
      const running: Promise<unknown>[] = []
      try {
        for (const branch of branches) {
          const entry = await addWorktree(parent.id, branch)
          running.push(provision(entry, phone))
          reload()
        }
      } finally {
        await Promise.all(running)
      }
    },
    [provision, reload],
  )

  /** Gives the identity back, then removes the folder. */
  const remove = useCallback(
    (entry: Entry, bound: boolean) =>
      run(entry.id, async () => {
        if (bound) await ravi.workspaces.release(entry.id)
        await removeEntry(entry.id)
        say(entry.kind === 'main' ? `${entry.name} is no longer listed; its folder stays.` : `${entry.name} has been removed.`)
      }),
    [run, say],
  )

  return { repositories, error: error ?? unknown ?? undefined, message, reload, add, addWorktrees, provision, share, wake, remove, dismiss }
}

function together(all: Entry[], summaries: WorkspaceSummary[], jobs: Job[]): Repository[] {
  const jobOf = ({ id }: Entry) => jobs.find((one) => one.id === id)
  const workspace = (entry: Entry): Workspace => ({
    entry,
    summary: summaries.find((one) => one.id === entry.id),
    job: jobOf(entry),
  })
  const repositories = all.filter((entry) => entry.kind === 'main')
  return repositories.map((entry) => ({
    entry,
    job: jobOf(entry),
    worktrees: all.filter((other) => other.parentId === entry.id).map(workspace),
  }))
}
