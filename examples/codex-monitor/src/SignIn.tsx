import { useCallback, useEffect, useState } from 'react'
import ravi, { RaviError, type Account, type DevicePrompt } from 'tauri-plugin-ravi-api'
import { ErrorNotice } from './ErrorNotice'

/** Signs in at the real service with a device code, and says who this machine is. */
export function SignIn() {
  const [account, setAccount] = useState<Account | null>()
  const [prompt, setPrompt] = useState<DevicePrompt>()
  const [error, setError] = useState<RaviError>()

  const ask = useCallback(() => {
    setError(undefined)
    ravi.account.status().then(setAccount, (cause: unknown) => {
      const failure = RaviError.from(cause)
      if (failure.code === 'account.not_signed_in') setAccount(null)
      else setError(failure)
    })
  }, [])
  useEffect(ask, [ask])

  const login = async () => {
    setError(undefined)
    try {
      setAccount(await ravi.account.login({ onPrompt: setPrompt }))
    } catch (cause) {
      setError(RaviError.from(cause))
    }
    setPrompt(undefined)
  }

  if (error) return <ErrorNotice error={error} action={{ label: 'Try again', run: ask }} />
  if (account) return <p>Signed in, with a key of the kind “{account.key}”.</p>
  if (account === undefined) return null
  return prompt ? (
    <section className="job" aria-label="Sign in">
      <p role="status">
        Open <code>{prompt.url}</code> and compare the code <strong>{prompt.user_code}</strong>.
      </p>
    </section>
  ) : (
    <p>
      Nobody is signed in.{' '}
      <button type="button" onClick={() => void login()}>
        Sign in
      </button>
    </p>
  )
}
