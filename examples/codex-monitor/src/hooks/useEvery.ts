import { useEffect } from 'react'

/** Calls `work` every so many milliseconds while the window can be seen, and when it is looked at again. */
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
