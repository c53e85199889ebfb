import { listen, emit } from '@tauri-apps/api/event'
import { useCallback, useEffect, useState } from 'react'
import { setTheme, theme as savedTheme, type Theme } from '../tauri'

const CHANGED = 'theme-changed'

/** The theme of `settings.json`, applied to this window, and a way to change it for all windows. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, show] = useState<Theme>('system')

  useEffect(() => {
    // The settings page reports a file that cannot be read; the window still needs some theme.
    savedTheme().then(show, () => show('system'))
    const listening = listen<Theme>(CHANGED, ({ payload }) => show(payload))
    return () => void listening.then((stop) => stop())
  }, [])
  useEffect(() => {
    document.documentElement.dataset.theme = theme
  }, [theme])

  const choose = useCallback((chosen: Theme) => {
    void setTheme(chosen).then(() => emit(CHANGED, chosen))
  }, [])
  return [theme, choose]
}
