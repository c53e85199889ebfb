import { Channel, invoke, type InvokeArgs } from '@tauri-apps/api/core'
import type { CallEvent } from './bindings'
import { isErrorBody, RaviError } from './error'

const command = (name: string) => `plugin:ravi|${name}`

/** Calls a command that returns immediately. */
export async function call<T>(name: string, args?: InvokeArgs): Promise<T> {
  try {
    return await invoke<T>(command(name), args)
  } catch (cause) {
    throw RaviError.from(cause, command(name))
  }
}

/** The longest time by which the last message of a channel can arrive after the command's result. */
const OVERTAKEN_MS = 1000

/**
 * Calls a command that reports its progress on a channel.
 *
 * The promise follows the channel, not the command's result: the two travel separately, so the result can overtake messages,
 * and a page would see steps of a call that it believes to be over. Only a rejection by Tauri itself (the command never ran,
 * so no message will come) settles the promise directly.
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
      // The plugin's own failure arrives on the channel as well, unless the command never started, for example while Ravi is off.
      setTimeout(() => reject(RaviError.from(cause, command(name))), OVERTAKEN_MS)
    })
  })
}

/**
 * Runs `start` until `signal` is aborted; then `cancel` is called, and the promise is rejected at once with the signal's
 * reason.
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
      // It may have ended by itself in the meantime.
      cancel().catch(() => {})
    }
    signal.addEventListener('abort', stop, { once: true })
    start()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', stop))
  })
}

let calls = 0

/** Calls a command that waits until it is done or `signal` is aborted; the plugin then ends the wait, too. */
export function cancellable<T>(name: string, args: Record<string, unknown>, signal?: AbortSignal): Promise<T> {
  // Different from the numbers of other pages that this window has shown: one of their waits may still be running.
  calls = calls ? (calls + 1) >>> 0 : (Math.random() * 2 ** 32) >>> 0
  const number = calls
  let over = false
  const cancel = async () => {
    // Calls travel separately: this one can arrive before the call that it is meant to end.
    while (!over && !(await call<boolean>('call_cancel', { call: number }))) {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  return abortable(signal, cancel, () => call<T>(name, { ...args, call: number }).finally(() => (over = true)))
}

/** A callback that throws must not stop the channel: later messages, including the last one, would never arrive. */
function tell<P>(callback: ((value: P) => void) | undefined, value: P): void {
  try {
    callback?.(value)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
