import { useEffect, useState } from 'react'
import { Banner } from './parts/Banner'
import { Nav, type PageName } from './parts/Nav'
import { useLoad } from './hooks/useLoad'
import { useTheme } from './hooks/useTheme'
import { about } from './tauri'
import { AuditPage } from './pages/AuditPage'
import { DoctorPage } from './pages/DoctorPage'
import { InboxPage } from './pages/InboxPage'
import { SettingsPage } from './pages/SettingsPage'
import { WorkspacesPage } from './pages/WorkspacesPage'

export function App() {
  const { data: where } = useLoad(about)
  const [theme, setTheme] = useTheme()
  const [page, setPage] = useState<PageName>('Workspaces')
  const [workspace, setWorkspace] = useState<string>()

  useEffect(() => {
    document.title = `${page} – Agent workspaces`
  }, [page])

  const open = (name: PageName, id?: string) => {
    setWorkspace(id)
    setPage(name)
  }
  const signIn = () => open('Settings')

  return (
    <div className="app">
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <Nav page={page} onOpen={open} />
      <div className="column">
        {where && <Banner where={where} />}
        <main id="main">
          {page === 'Workspaces' && <WorkspacesPage onSignIn={signIn} onOpen={open} />}
          {page === 'Inbox' && where && <InboxPage chosen={workspace} local={where.local} onSignIn={signIn} />}
          {page === 'Audit' && <AuditPage chosen={workspace} />}
          {page === 'Settings' && where && <SettingsPage where={where} theme={theme} onTheme={setTheme} />}
          {page === 'Doctor' && <DoctorPage onSignIn={signIn} />}
        </main>
      </div>
    </div>
  )
}
