import type { RaviError } from 'tauri-plugin-ravi-api'

interface Props {
  error: Pick<RaviError, 'code' | 'message' | 'hint'>
  action?: { label: string; run: () => void }
}

export function ErrorNotice({ error, action }: Props) {
  return (
    <div className="error" role="alert">
      <p>
        <strong>{error.message}</strong> <code>{error.code}</code>
      </p>
      <p>{error.hint}</p>
      {action && (
        <button type="button" onClick={action.run}>
          {action.label}
        </button>
      )}
    </div>
  )
}
