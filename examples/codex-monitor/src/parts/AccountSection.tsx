import { useRef, useState } from 'react'
import ravi, { RaviError, type Account, type DevicePrompt, type IdentityInfo, type KeySource } from 'tauri-plugin-ravi-api'
import { useAccount } from '../hooks/useAccount'
import { standIn } from '../tauri'
import { ConfirmButton } from './ConfirmButton'
import { CopyButton } from './CopyButton'
import { ErrorNotice } from './ErrorNotice'
import { Loading } from './Page'

const SOURCES: Record<KeySource, string> = {
  builder: 'this app',
  environment: 'RAVI_API_KEY',
  systemd: 'a systemd credential',
  login: 'a login on this machine',
}

/** Who this machine is, and signing in with a code that is approved elsewhere. */
export function AccountSection({ local }: { local: boolean }) {
  const { connection, check } = useAccount()
  return (
    <section className="card" aria-label="Account">
      <h2>Account</h2>
      {connection.state === 'loading' && <Loading what="the account" />}
      {connection.state === 'ready' && <SignedIn account={connection.account} />}
      {connection.state === 'signed-out' && <SignIn local={local} />}
      {(connection.state === 'offline' || connection.state === 'failed') && (
        <ErrorNotice error={connection.error} action={{ label: 'Try again', run: () => void check() }} />
      )}
    </section>
  )
}

function SignedIn({ account }: { account: Account }) {
  return (
    <>
      <dl className="facts">
        <dt>Signed in by</dt>
        <dd>{SOURCES[account.source]}</dd>
        <dt>Reaches</dt>
        <dd>{account.key === 'management' ? 'the whole account' : 'one identity'}</dd>
        <dt>App's identity</dt>
        <dd>{account.host?.email ?? <span className="quiet">not chosen yet</span>}</dd>
        {account.kept && (
          <>
            <dt>Kept in</dt>
            <dd>{account.kept.keychain === 'system' ? "the system's keychain" : 'a file that only you can read'}</dd>
          </>
        )}
      </dl>
      {!account.host && <ChooseHost choices={account.choices} />}
      {account.source === 'login' && (
        <ConfirmButton
          label="Sign out"
          warning="Agents keep their keys; nothing new can be set up."
          onConfirm={() => void ravi.account.logout()}
        />
      )}
    </>
  )
}

/** Which identity holds the app's own secrets, where the account does not say it by itself. */
function ChooseHost({ choices }: { choices: IdentityInfo[] }) {
  const [error, setError] = useState<RaviError>()
  const run = (work: () => Promise<unknown>) => void work().catch((cause: unknown) => setError(RaviError.from(cause)))
  return (
    <>
      <p>Which identity is to hold the app's own secrets?</p>
      {choices.map(({ uuid, name, email }) => (
        <button key={uuid} type="button" onClick={() => run(() => ravi.account.chooseHost(uuid))}>
          {name} &lt;{email}&gt;
        </button>
      ))}
      <ConfirmButton
        label="Make a new one"
        warning="Uses one of the identities that your plan allows."
        onConfirm={() => run(() => ravi.account.makeHost())}
      />
      {error && <ErrorNotice error={error} />}
    </>
  )
}

function SignIn({ local }: { local: boolean }) {
  const [prompt, setPrompt] = useState<DevicePrompt>()
  const [error, setError] = useState<RaviError>()
  const waiting = useRef<AbortController>(undefined)

  const login = async () => {
    setError(undefined)
    const { signal } = (waiting.current = new AbortController())
    try {
      await ravi.account.login({ onPrompt: setPrompt, signal })
    } catch (cause) {
      if (!signal.aborted) setError(RaviError.from(cause))
    }
    setPrompt(undefined)
  }

  if (!prompt) {
    return (
      <>
        <p>Nobody is signed in. You get a code here and approve it in the browser, on this machine or another.</p>
        {error && <ErrorNotice error={error} />}
        <button type="button" className="primary" onClick={() => void login()}>
          Sign in
        </button>
      </>
    )
  }
  return (
    <div role="group" aria-label="Approve this login">
      <p className="code" role="status">
        <span className="hidden">Your code is </span>
        <strong>{prompt.user_code}</strong>
      </p>
      <p>
        Open <code>{prompt.url}</code> <CopyButton text={prompt.url} name="address" /> and see that it shows the same code. It
        is good for {Math.round(prompt.expires_in_s / 60)} minutes.
      </p>
      <p className="buttons">
        {local && (
          <button type="button" className="primary" onClick={() => void standIn.approve(prompt.user_code)}>
            Approve at the stand-in
          </button>
        )}
        <button type="button" onClick={() => waiting.current?.abort()}>
          Cancel
        </button>
      </p>
    </div>
  )
}
