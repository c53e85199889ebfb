import { useEffect, useRef, useState } from 'react'

interface Props {
  label: string
  /** What a screen reader says, if the label alone does not say what the button is for. */
  name?: string
  /** What happens, in one sentence. */
  warning: string
  disabled?: boolean
  onConfirm: () => void
}

/** A button for something that cannot be undone: it asks before it acts. Escape means no. */
export function ConfirmButton({ label, name = label, warning, disabled, onConfirm }: Props) {
  const [asking, ask] = useState(false)
  const opener = useRef<HTMLButtonElement>(null)
  const asked = useRef(false)
  // The focus goes back to where it came from.
  useEffect(() => {
    if (!asking && asked.current) opener.current?.focus()
    asked.current = asking
  }, [asking])

  if (!asking) {
    return (
      <button type="button" ref={opener} aria-label={name} disabled={disabled} onClick={() => ask(true)}>
        {label}
      </button>
    )
  }
  const confirm = () => {
    ask(false)
    onConfirm()
  }
  return (
    <span className="confirm" role="group" aria-label={name} onKeyDown={(event) => event.key === 'Escape' && ask(false)}>
      <span>{warning}</span>
      <button type="button" className="danger" autoFocus aria-label={`${name}: yes`} onClick={confirm}>
        {label}
      </button>
      <button type="button" onClick={() => ask(false)}>
        Cancel
      </button>
    </span>
  )
}
