import type { ErrorBody } from 'tauri-plugin-ravi-api'

interface Props {
  error: ErrorBody
  action?: { label: string; run: () => void } | undefined
}

/** What went wrong, what to do, and a button that does it. */
export function ErrorNotice({ error, action }: Props) {
  return (
    <div className="notice bad" role="alert">
      <p>
        <strong>{error.message}</strong>
      </p>
      <p>
        {error.hint} <code className="quiet">{error.code}</code>
      </p>
      {action && (
        <button type="button" onClick={action.run}>
          {action.label}
        </button>
      )}
    </div>
  )
}
