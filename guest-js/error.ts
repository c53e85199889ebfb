import type { ErrorBody } from './bindings'
import { refusal } from './refusal'

/**
 * Thrown by every call of this package.
 *
 * `code` is stable and may be compared (`workspace.not_a_folder`, `policy.scope`); `message` states the cause; `hint` tells the
 * person who sees it what to do next.
 */
export class RaviError extends Error implements ErrorBody {
  override readonly name = 'RaviError'
  /** A stable code of the form `area.case`. */
  readonly code: string
  /** The next step. */
  readonly hint: string

  constructor(body: ErrorBody, options?: ErrorOptions) {
    super(body.message, options)
    this.code = body.code
    this.hint = body.hint
  }

  /** Turns whatever a call was rejected with into a `RaviError`; `command` is the command that was called, as Tauri names it. */
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
