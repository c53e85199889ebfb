import {
  account,
  inbox,
  power,
  RaviError,
  workspaces,
  type Account,
  type InboxItem,
  type PowerStatus,
  type WorkspaceChange,
  type WorkspaceSummary,
} from '../index'
import { find } from './find'
import { Jobs } from './jobs'
import { all, Shared, together } from './shared'

const onWorkspace = together(workspaces.onChange)
const onPower = together(power.onChange)

export const jobs = new Jobs(together(workspaces.onProgress), onWorkspace)

/** Whether the app has Ravi switched on. */
export const powerStore = new Shared<PowerStatus | null>(null, power.status, (store) => onPower((status) => store.put(status)))

/** Which Ravi account this machine uses. */
export const accountStore = new Shared<Account | null>(null, loadAccount, (store) =>
  all(
    // After a logout another source may still have a key.
    account.onChange((change) => (change.account ? store.put(change.account) : void store.refresh())),
    onPower(() => void store.refresh()),
  ),
)

/** All workspaces that the window may see, and what is being done with them. */
export const workspaceStore = new Shared<WorkspaceSummary[]>([], workspaces.list, (store) =>
  all(
    onWorkspace((change) => take(store, change)),
    onPower(() => void store.refresh()),
    // Steps are reported only once: a card that mounts in the middle of a job has to know the earlier ones.
    jobs.follow(),
  ),
)

const inboxes = new Map<string, Shared<InboxItem[]>>()
const noInbox = new Shared<InboxItem[]>([], async () => [], async () => () => {})

/** The newest messages of a workspace, one store for each target. */
export function inboxStore(target: string | null): Shared<InboxItem[]> {
  if (target === null) return noInbox
  const known = inboxes.get(target)
  if (known) return known
  const store: Shared<InboxItem[]> = new Shared<InboxItem[]>(
    [],
    () => inbox.list(target),
    ({ refresh }) =>
      // Loading again also reports why it can no longer be followed.
      all(
        inbox.onMessage(target, () => void refresh(), () => void refresh()),
        onPower(() => void refresh()),
      ),
    (started) => (started ? inboxes.set(target, store) : inboxes.delete(target)),
  )
  inboxes.set(target, store)
  return store
}

/** Switches, and shows the page what that changed, even in a window that may not listen to events. */
export async function turn<S extends PowerStatus>(call: () => Promise<S>): Promise<S> {
  const status = await call()
  powerStore.put(status)
  for (const store of [accountStore, workspaceStore, ...inboxes.values()]) void store.refresh()
  return status
}

/** Applies one change to the list. */
function take(store: Shared<WorkspaceSummary[]>, { id, workspace }: WorkspaceChange): void {
  const { data, error, loading } = store.get()
  const known = find(data, workspace?.id ?? id)
  // Every window is told about every workspace. Only the plugin knows whether this window may see a new one.
  if (loading || error || !known) return void store.refresh()
  if (workspace) store.put(data.map((one) => (one === known ? workspace : one)))
  else store.put(data.filter((one) => one !== known))
}

async function loadAccount(): Promise<Account | null> {
  try {
    return await account.status()
  } catch (error) {
    if (error instanceof RaviError && error.code === 'account.not_signed_in') return null
    throw error
  }
}
