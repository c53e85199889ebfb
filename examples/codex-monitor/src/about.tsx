import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { useLoad } from './hooks/useLoad'
import { useTheme } from './hooks/useTheme'
import { about } from './tauri'
import './style.css'

function AboutWindow() {
  useTheme()
  const { data } = useLoad(about)
  return (
    <main className="about">
      <h1>Agent workspaces</h1>
      <p>An example app for the Tauri plugin ravi, in the style of CodexMonitor.</p>
      {data && (
        <dl className="facts">
          <dt>Version</dt>
          <dd>{data.version}</dd>
          <dt>Ravi</dt>
          <dd>{data.local ? 'stand-in, inside the app' : data.server}</dd>
        </dl>
      )}
    </main>
  )
}

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <AboutWindow />
  </StrictMode>,
)
