import { useCallback, useState } from 'react'
import ravi from 'tauri-plugin-ravi-api'
import { useLoad } from '../hooks/useLoad'
import { ErrorNotice } from './ErrorNotice'
import { timeWords } from './time'

const SHOWN = 6

/** The last things that a workspace used, newest first; read once it is opened. */
export function RecentUses({ id, name }: { id: string; name: string }) {
  const [open, setOpen] = useState(false)
  return (
    <details className="recent" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary aria-label={`Recent uses of ${name}`}>Recent uses</summary>
      {open && <Uses id={id} />}
    </details>
  )
}

function Uses({ id }: { id: string }) {
  const { data: rows, error, reload } = useLoad(
    useCallback(() => ravi.audit.query({ workspace: id, limit: SHOWN }), [id]),
  )
  if (error) return <ErrorNotice error={error} action={{ label: 'Try again', run: reload }} />
  if (rows?.length === 0) return <p className="quiet">Nothing yet.</p>
  return (
    <ol className="uses">
      {[...(rows ?? [])].reverse().map((row) => (
        <li key={row.seq} className={row.outcome}>
          <time dateTime={new Date(row.at_ms ?? 0).toISOString()}>{timeWords(row.at_ms)}</time>
          <code>{row.action}</code>
          <span className="quiet">{row.object}</span>
        </li>
      ))}
    </ol>
  )
}
