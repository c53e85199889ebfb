// Small pieces that the parts of this package are made of.
import { useEffect, useRef, useState, type ReactElement, type ReactNode, type RefObject } from 'react'
import type { ErrorBody } from '../index'
import { RaviError } from '../index'
import type { Labels } from './labels'

interface NoticeProps {
  error: ErrorBody
  labels: Labels
  /** `note` is for messages that are not urgent. */
  role?: 'alert' | 'note'
  children?: ReactNode
}

/** What went wrong, what to do about it, and a button that does it. */
export function Notice({ error, labels, role = 'alert', children }: NoticeProps): ReactElement {
  const { message, hint } = labels.error(error)
  return (
    <div className="ravi-notice" role={role} data-code={error.code}>
      <p className="ravi-message">{message}</p>
      <p className="ravi-hint">
        {hint} <code>{error.code}</code>
      </p>
      {children}
    </div>
  )
}

/** One line of a `dl`. */
export function Fact({ name, children }: { name: string; children: ReactNode }): ReactElement {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  )
}

/** A placeholder for a missing value. */
export function Missing({ children }: { children: ReactNode }): ReactElement {
  return <span className="ravi-missing">{children}</span>
}

/** Copies `text`, and says so until the focus leaves. */
export function Copy({ text, what, labels }: { text: string; what: string; labels: Labels }): ReactElement {
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle')
  const copy = async () => navigator.clipboard.writeText(text)
  return (
    <>
      <button
        type="button"
        className="ravi-copy"
        data-state={state}
        aria-label={labels.copy(what)}
        onClick={() => void copy().then(() => setState('copied'), () => setState('failed'))}
        onBlur={() => setState('idle')}
      >
        {labels.copyShort}
      </button>
      <span className="ravi-said" role="status">
        {{ idle: '', copied: labels.copied, failed: labels.copyByHand }[state]}
      </span>
    </>
  )
}

interface ConfirmProps {
  label: string
  /** What happens, in one sentence. */
  warning: string
  labels: Labels
  disabled?: boolean
  onConfirm: () => void
}

/** A button for something that cannot be undone: it asks before it acts. Escape means no. */
export function Confirm({ label, warning, labels, disabled, onConfirm }: ConfirmProps): ReactElement {
  const [asking, ask] = useState(false)
  const opener = useRef<HTMLButtonElement>(null)
  useFocusOnReturn(opener, asking)
  if (!asking) {
    return (
      <button type="button" ref={opener} disabled={disabled} onClick={() => ask(true)}>
        {label}
      </button>
    )
  }
  const confirm = () => {
    ask(false)
    onConfirm()
  }
  return (
    <span className="ravi-confirm" role="group" aria-label={label} onKeyDown={(event) => event.key === 'Escape' && ask(false)}>
      <span>{warning}</span>
      <button type="button" className="ravi-danger" autoFocus aria-label={`${label}: ${warning}`} onClick={confirm}>
        {label}
      </button>
      <button type="button" onClick={() => ask(false)}>
        {labels.cancel}
      </button>
    </span>
  )
}

/** Gives the focus back to `target` when whatever replaced it (`away`) disappears, because the focus would be lost with it. */
export function useFocusOnReturn(target: RefObject<HTMLElement | null>, away: boolean): void {
  const was = useRef(away)
  useEffect(() => {
    if (was.current && !away) target.current?.focus()
    was.current = away
  }, [target, away])
}

/** Runs one thing at a time, and reports whether it is running and how it failed. */
export function useRun() {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<RaviError | null>(null)
  const run = async (work: () => Promise<unknown>) => {
    setBusy(true)
    setError(null)
    try {
      await work()
    } catch (cause) {
      setError(RaviError.from(cause))
    } finally {
      setBusy(false)
    }
  }
  return { busy, error, run }
}
