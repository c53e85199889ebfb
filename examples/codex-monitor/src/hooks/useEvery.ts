import { useEffect } from 'react'

/** Calls `work` at this interval while the window is visible, and when it gets the focus again. */
export function useEvery(milliseconds: number, work: () => void): void {
  useEffect(() => {
    const visible = () => document.visibilityState === 'visible' && work()
    const timer = setInterval(visible, milliseconds)
    window.addEventListener('focus', visible)
    return () => {
      clearInterval(timer)
      window.removeEventListener('focus', visible)
    }
  }, [milliseconds, work])
}
