import type { ErrorBody } from './bindings'
import { refusal } from './refusal'

/**
 * Thrown by every call of this package.
 *
 * `code` is stable and may be compared (`workspace.not_a_folder`, `policy.scope`); `message` names the cause; `hint` names the
 * next step for the person who sees it.
 */
export class RaviError extends Error implements ErrorBody {
  override readonly name = 'RaviError'
  /** Stable code, `room.case`. */
  readonly code: string
  /** The next step. */
  readonly hint: string

  constructor(body: ErrorBody, options?: ErrorOptions) {
    super(body.message, options)
    this.code = body.code
    this.hint = body.hint
  }

  /** Whatever a call was rejected with, as a `RaviError`; `command` is the one that was called, as Tauri names it. */
  static from(cause: unknown, command?: string): RaviError {
    if (cause instanceof RaviError) return cause
    if (isErrorBody(cause)) return new RaviError(cause)
    return new RaviError(refusal(cause instanceof Error ? cause.message : String(cause), command), { cause })
  }
}

/** Whether a rejection came from the plugin itself; Tauri's own rejections are strings. */
export function isErrorBody(value: unknown): value is ErrorBody {
  if (typeof value !== 'object' || value === null) return false
  const { code, message, hint } = value as Record<string, unknown>
  return typeof code === 'string' && typeof message === 'string' && typeof hint === 'string'
}
