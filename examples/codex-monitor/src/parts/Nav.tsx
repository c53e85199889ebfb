import { useAccount, type Connection } from '../hooks/useAccount'
import { openAbout } from '../tauri'

const PAGES = ['Workspaces', 'Inbox', 'Audit', 'Settings', 'Doctor'] as const
export type PageName = (typeof PAGES)[number]

const STATES: Record<Connection['state'], string> = {
  loading: 'Contacting Ravi…',
  'signed-out': 'Not signed in',
  offline: 'Offline',
  failed: 'Key refused',
  ready: 'Signed in',
}

export function Nav({ page, onOpen }: { page: PageName; onOpen: (page: PageName) => void }) {
  const { connection } = useAccount()
  return (
    <nav className="side" aria-label="Pages">
      <p className="brand">Agent workspaces</p>
      <ul>
        {PAGES.map((name) => (
          <li key={name}>
            <button type="button" aria-current={name === page ? 'page' : undefined} onClick={() => onOpen(name)}>
              {name}
            </button>
          </li>
        ))}
      </ul>
      <p className={`connection ${connection.state}`} role="status">
        {STATES[connection.state]}
      </p>
      <button type="button" className="small" onClick={() => void openAbout()}>
        About
      </button>
    </nav>
  )
}
