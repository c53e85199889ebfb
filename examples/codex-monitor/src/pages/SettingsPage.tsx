import { AccountSection } from '../parts/AccountSection'
import { MigrationSection } from '../parts/MigrationSection'
import { Page } from '../parts/Page'
import { SealingSection } from '../parts/SealingSection'
import type { About, Theme } from '../tauri'

interface Props {
  where: About
  theme: Theme
  onTheme: (theme: Theme) => void
}

const THEMES: Record<Theme, string> = { system: 'Same as the system', light: 'Light', dark: 'Dark' }

export function SettingsPage({ where, theme, onTheme }: Props) {
  return (
    <Page title="Settings" lead="The account, the app's own secrets, and how the window looks.">
      <AccountSection local={where.local} />
      <MigrationSection file={where.settingsFile} />
      <SealingSection />
      <section className="card" aria-label="Appearance">
        <fieldset className="choices">
          <legend>Appearance</legend>
          {(Object.keys(THEMES) as Theme[]).map((name) => (
            <label key={name} className="check">
              <input type="radio" name="theme" checked={theme === name} onChange={() => onTheme(name)} />
              {THEMES[name]}
            </label>
          ))}
        </fieldset>
      </section>
    </Page>
  )
}
