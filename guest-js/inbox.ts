import { listen } from '@tauri-apps/api/event'
import type { Fence, FoundCode, InboxItem, InboxMessage, MessageArrived, MessageFilter, WaitRequest, WorkspaceSummary } from './bindings'
import { call, cancellable } from './ipc'

/** Which messages {@link list} returns. */
export type ListOptions = Partial<MessageFilter>
/** Options of a wait: for which message, after which fence, for how long, and how to end it. */
export type WaitOptions = Omit<Partial<WaitRequest>, 'filter'> & {
  /** Which messages; all if omitted. */
  filter?: Partial<MessageFilter>
  /** Ends the wait; the promise is rejected with the signal's reason. */
  signal?: AbortSignal
}

/**
 * A workspace's newest messages, mails and text messages, oldest first. `target` is the id or the path of the workspace.
 * Needs `ravi:inbox`; a scope can limit the window to certain workspaces.
 */
export function list(target: string, filter: ListOptions = {}): Promise<InboxItem[]> {
  return call('inbox_list', { target, filter })
}

/**
 * One message with its text; this does not mark it as read. Strangers wrote it: show `text`, never `html`. Needs
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
 * The current position in the order of events. Take it before you request a message, and wait with it: nothing that came
 * before is returned, and nothing that comes after is missed. Needs `ravi:inbox`.
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
 * @throws {RaviError} with the code `inbox.timeout` if none arrived in time.
 */
export function wait(target: string, { signal, ...request }: WaitOptions = {}): Promise<InboxMessage> {
  return cancellable('inbox_wait', { target, request }, signal)
}

/**
 * Waits for the next one-time code. Each code is given to one wait only. If `confident` is false, the time is up and the message
 * may contain a code: see `candidates`. Needs `ravi:inbox`.
 */
export function waitCode(target: string, { signal, ...request }: WaitOptions = {}): Promise<FoundCode> {
  return cancellable('inbox_wait', { target, request, want: 'code' }, signal)
}

/** Waits for the next verification link, as {@link waitCode} does for a code. Needs `ravi:inbox`. */
export function waitLink(target: string, { signal, ...request }: WaitOptions = {}): Promise<FoundCode> {
  return cancellable('inbox_wait', { target, request, want: 'link' }, signal)
}

/**
 * Calls `handler` once for each message that the workspace receives from now on; it is told which message, not what is in
 * it. Needs `ravi:inbox` and `core:event:default`.
 *
 * @param failed called once if the workspace can no longer be followed, for example after its release.
 * @returns an unsubscribe function.
 */
export async function onMessage(
  target: string,
  handler: (message: MessageArrived) => void,
  failed: (cause: unknown) => void = () => {},
): Promise<() => void> {
  const { id: workspace } = await call<WorkspaceSummary>('workspace_status', { path: target })
  // Messages are reported from here on, however long it takes until the workspace is followed.
  const { cursor: since } = await fence(target)
  const end = new AbortController()
  const seen = new Set<string>()
  const unlisten = await listen<MessageArrived>('ravi://message', ({ payload }) => {
    // The event goes to all listeners, so each message arrives once for every listener that follows the workspace.
    if (payload.workspace !== workspace || seen.has(payload.id)) return
    seen.add(payload.id)
    handler(payload)
  })
  cancellable('inbox_watch', { target, since }, end.signal).catch((cause: unknown) => {
    if (!end.signal.aborted) failed(cause)
  })
  return () => {
    end.abort()
    // Tauri's own function returns a promise. It may fail because the page, and its listeners with it, is going away.
    Promise.resolve(unlisten()).catch(() => {})
  }
}
