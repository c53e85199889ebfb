import { useId, type InputHTMLAttributes } from 'react'

interface Props extends Omit<InputHTMLAttributes<HTMLInputElement>, 'onChange' | 'id'> {
  label: string
  help?: string
  onValue: (value: string) => void
}

/** A text field with its label, and its help read out with it. */
export function Field({ label, help, onValue, ...input }: Props) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        {...input}
        id={id}
        aria-describedby={help ? `${id}-help` : undefined}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => onValue(event.target.value)}
      />
      {help && (
        <span id={`${id}-help`} className="quiet">
          {help}
        </span>
      )}
    </div>
  )
}
