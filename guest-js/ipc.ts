import { Channel, invoke, type InvokeArgs } from '@tauri-apps/api/core'
import type { CallEvent } from './bindings'
import { isErrorBody, RaviError } from './error'

const command = (name: string) => `plugin:ravi|${name}`

/** Calls a command that answers at once. */
export async function call<T>(name: string, args?: InvokeArgs): Promise<T> {
  try {
    return await invoke<T>(command(name), args)
  } catch (cause) {
    throw RaviError.from(cause, command(name))
  }
}

/** The most that the last message of a channel can come after the command's answer. */
const OVERTAKEN_MS = 1000

/**
 * Calls a command that tells its progress on a channel.
 *
 * The promise follows the channel and not the command's answer: the two travel separately, so the answer can overtake
 * messages, and a page would see steps of a call that it believes to be over. Only what Tauri itself rejects (the command
 * never ran, so no message will come) ends the promise directly.
 */
export function longCall<P, T>(
  name: string,
  args: Record<string, unknown>,
  onProgress?: (progress: P) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const onEvent = new Channel<CallEvent<P, T>>((message) => {
      switch (message.event) {
        case 'progress':
          return tell(onProgress, message.data)
        case 'finished':
          return resolve(message.data)
        case 'failed':
          return reject(new RaviError(message.data))
      }
    })
    invoke(command(name), { ...args, onEvent }).catch((cause: unknown) => {
      if (!isErrorBody(cause)) return reject(RaviError.from(cause, command(name)))
      // The plugin's own failure comes on the channel as well, unless the command was never begun, as while Ravi is off.
      setTimeout(() => reject(RaviError.from(cause, command(name))), OVERTAKEN_MS)
    })
  })
}

/**
 * Runs `start` until `signal` says to stop; then `cancel` is told, and the promise is rejected with the signal's reason at
 * once.
 */
export function abortable<T>(
  signal: AbortSignal | undefined,
  cancel: () => Promise<unknown>,
  start: () => Promise<T>,
): Promise<T> {
  if (!signal) return start()
  if (signal.aborted) return Promise.reject(signal.reason)
  return new Promise((resolve, reject) => {
    const stop = () => {
      reject(signal.reason)
      // That it had ended by itself meanwhile is no news.
      cancel().catch(() => {})
    }
    signal.addEventListener('abort', stop, { once: true })
    start()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', stop))
  })
}

let calls = 0

/** Calls a command that waits until it is done or `signal` says to stop; the plugin then ends the wait, too. */
export function cancellable<T>(name: string, args: Record<string, unknown>, signal?: AbortSignal): Promise<T> {
  // Unlike those of other pages that this window has shown: a wait of theirs may still be there.
  calls = calls ? (calls + 1) >>> 0 : (Math.random() * 2 ** 32) >>> 0
  const number = calls
  let over = false
  const cancel = async () => {
    // Calls travel separately: this one can be there before the one that it is to end.
    while (!over && !(await call<boolean>('call_cancel', { call: number }))) {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  return abortable(signal, cancel, () => call<T>(name, { ...args, call: number }).finally(() => (over = true)))
}

/** A callback that throws must not stop the channel: later messages, the end among them, would never arrive. */
function tell<P>(callback: ((value: P) => void) | undefined, value: P): void {
  try {
    callback?.(value)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
