import { listen } from '@tauri-apps/api/event'
import type { Fence, FoundCode, InboxItem, InboxMessage, MessageArrived, MessageFilter, WaitRequest, WorkspaceSummary } from './bindings'
import { call, cancellable } from './ipc'

/** Which messages {@link list} answers. */
export type ListOptions = Partial<MessageFilter>
/** What a wait takes: which message, after which fence, how long, and how to end it. */
export type WaitOptions = Omit<Partial<WaitRequest>, 'filter'> & {
  /** Which messages; all where it is left out. */
  filter?: Partial<MessageFilter>
  /** Ends the wait: the promise is rejected with the signal's reason. */
  signal?: AbortSignal
}

/**
 * A workspace's newest messages, mails and text messages, oldest first. `target` is the id or the path of the workspace.
 * Needs `ravi:inbox`; a scope keeps the window to some workspaces.
 */
export function list(target: string, filter: ListOptions = {}): Promise<InboxItem[]> {
  return call('inbox_list', { target, filter })
}

/**
 * One message with its text; it is not marked as read by that. Strangers wrote it: show `text`, never `html`. Needs
 * `ravi:inbox`.
 */
export function get(target: string, id: string): Promise<InboxMessage> {
  return call('inbox_get', { target, id })
}

/** Marks a message as read. Needs `ravi:inbox`. */
export function markRead(target: string, id: string): Promise<InboxItem> {
  return call('inbox_mark_read', { target, id })
}

/**
 * The place in the order of events that is now. Take it before a message is asked for, and wait with it: what came before is
 * not answered, and what comes after is not missed. Needs `ravi:inbox`.
 *
 * @example
 * ```ts
 * const { cursor } = await ravi.inbox.fence('w1')
 * await signUp(address)
 * const { code } = await ravi.inbox.waitCode('w1', { since: cursor, filter: { from: 'example.com' } })
 * ```
 */
export function fence(target: string): Promise<Fence> {
  return call('inbox_fence', { target })
}

/**
 * Waits for the next message that matches. Needs `ravi:inbox`.
 *
 * @throws {RaviError} with the code `inbox.timeout` where none came in time.
 */
export function wait(target: string, { signal, ...request }: WaitOptions = {}): Promise<InboxMessage> {
  return cancellable('inbox_wait', { target, request }, signal)
}

/**
 * Waits for the next one-time code. Each is given to one wait only. Where `confident` is false the time is up, and the message
 * may hold one: see `candidates`. Needs `ravi:inbox`.
 */
export function waitCode(target: string, { signal, ...request }: WaitOptions = {}): Promise<FoundCode> {
  return cancellable('inbox_wait', { target, request, want: 'code' }, signal)
}

/** Waits for the next verification link, as {@link waitCode} does for a code. Needs `ravi:inbox`. */
export function waitLink(target: string, { signal, ...request }: WaitOptions = {}): Promise<FoundCode> {
  return cancellable('inbox_wait', { target, request, want: 'link' }, signal)
}

/**
 * Calls `handler` once for each message that comes to the workspace from now on; it says which, not what is in it. Needs
 * `ravi:inbox` and `core:event:default`.
 *
 * @param failed called once where the workspace cannot be followed any more, as after its release.
 * @returns a function that stops it.
 */
export async function onMessage(
  target: string,
  handler: (message: MessageArrived) => void,
  failed: (cause: unknown) => void = () => {},
): Promise<() => void> {
  const { id: workspace } = await call<WorkspaceSummary>('workspace_status', { path: target })
  // What comes from here on is told, however long it takes until it is followed.
  const { cursor: since } = await fence(target)
  const end = new AbortController()
  const seen = new Set<string>()
  const unlisten = await listen<MessageArrived>('ravi://message', ({ payload }) => {
    // The event goes to all who listen: each message comes once for each of them that follows the workspace.
    if (payload.workspace !== workspace || seen.has(payload.id)) return
    seen.add(payload.id)
    handler(payload)
  })
  cancellable('inbox_watch', { target, since }, end.signal).catch((cause: unknown) => {
    if (!end.signal.aborted) failed(cause)
  })
  return () => {
    end.abort()
    // Tauri's own function answers a promise. That the page is going away with what it listened to is no news.
    Promise.resolve(unlisten()).catch(() => {})
  }
}
