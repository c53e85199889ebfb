import { useEffect, useState } from 'react'
import ravi, { type SealStatus } from 'tauri-plugin-ravi-api'
import { useAccount } from '../hooks/useAccount'
import { useLoad } from '../hooks/useLoad'
import { ErrorNotice } from './ErrorNotice'
import { Field } from './Field'
import { Loading } from './Page'
import { useSubmit } from './useSubmit'

type State = SealStatus['state']

const WORDS: Record<State, string> = {
  off: 'Off: Ravi can read what is in the vault.',
  on: 'On: only your machines can open what is in the vault.',
  locked: 'On, and this machine does not have the key. The recovery passphrase brings it here.',
  unfinished: 'A change of keys was started but not finished. Doing it again finishes it.',
}
const ACTIONS: Record<State, { label: string; run: (passphrase: string) => Promise<unknown> }> = {
  off: { label: 'Switch sealing on', run: ravi.seal.enable },
  on: { label: 'Make a new key', run: ravi.seal.rotate },
  locked: { label: 'Unlock', run: ravi.seal.unlock },
  unfinished: { label: 'Finish', run: ravi.seal.enable },
}

/** End-to-end sealing of the app's secrets. */
export function SealingSection() {
  const { connection } = useAccount()
  const { data: status, error, reload } = useLoad(ravi.seal.status)

  useEffect(() => {
    if (connection.state === 'ready') reload()
  }, [connection.state, reload])

  return (
    <section className="card" aria-label="Sealing">
      <h2>End-to-end sealing</h2>
      {connection.state === 'signed-out' && <p>Sign in to see how the vault is stored at Ravi.</p>}
      {error && connection.state !== 'signed-out' && <ErrorNotice error={error} action={{ label: 'Try again', run: reload }} />}
      {!status && !error && <Loading what="the vault" />}
      {status && <p>{WORDS[status.state]}</p>}
      {status && status.state !== 'off' && <Sealed status={status} />}
      {status && <PassphraseForm key={status.state} state={status.state} onDone={reload} />}
    </section>
  )
}

function Sealed({ status: { key, sealed, plain, refused } }: { status: SealStatus }) {
  return (
    <dl className="facts">
      <dt>Key</dt>
      <dd>
        <code>{key ?? 'not here'}</code>
      </dd>
      <dt>Sealed</dt>
      <dd>{sealed}</dd>
      {plain.length > 0 && (
        <>
          <dt>Not sealed</dt>
          <dd>{plain.join(', ')}</dd>
        </>
      )}
      {refused.length > 0 && (
        <>
          <dt>Refused</dt>
          <dd>{refused.join(', ')}</dd>
        </>
      )}
    </dl>
  )
}

/** A new passphrase is asked for twice, an existing one once. */
function PassphraseForm({ state, onDone }: { state: State; onDone: () => void }) {
  const [passphrase, setPassphrase] = useState('')
  const [again, setAgain] = useState('')
  const known = state === 'locked'
  const { label, run } = ACTIONS[state]
  const { busy, error, submit } = useSubmit(async () => {
    await run(passphrase)
    setPassphrase('')
    setAgain('')
    onDone()
  })
  return (
    <form aria-label={label} onSubmit={submit}>
      <div className="row">
        <Field type="password" label="Recovery passphrase" value={passphrase} onValue={setPassphrase} required />
        {!known && <Field type="password" label="The same again" value={again} onValue={setAgain} required />}
        <button type="submit" disabled={busy || (!known && passphrase !== again)}>
          {busy ? 'Working…' : label}
        </button>
      </div>
      <p className="quiet">Keep it where you keep passwords: without it and without this machine, nobody can open the vault.</p>
      {error && <ErrorNotice error={error} />}
    </form>
  )
}
