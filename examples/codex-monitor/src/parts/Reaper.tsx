import { useState } from 'react'
import ravi from 'tauri-plugin-ravi-api'
import type { ReapFailure } from 'tauri-plugin-ravi-api'
import { useLoad } from '../hooks/useLoad'
import { ConfirmButton } from './ConfirmButton'
import { ErrorNotice } from './ErrorNotice'
import { useSubmit } from './useSubmit'

const plan = () => Promise.all([ravi.workspaces.reapPlan(), ravi.workspaces.owed()])

/** Workspaces whose folder is gone, and revocations that Ravi has not carried out yet. */
export function Reaper() {
  const { data, error, reload } = useLoad(plan)
  const [stuck, setStuck] = useState<ReapFailure[]>([])
  const { busy, error: failed, submit } = useSubmit(async () => {
    setStuck((await ravi.workspaces.reap()).failed)
    reload()
  })
  // The page already says above that nobody is signed in.
  if (error || !data) return null
  const [{ released, left, keys, keys_unseen }, owed] = data
  const nothing = released.length + left.length + keys.length + owed.length === 0
  return (
    <section className="card" aria-label="Left behind">
      <header>
        <h2>{nothing ? (keys_unseen ? 'Nothing is left behind here' : 'Nothing is left behind') : 'Left behind'}</h2>
        {released.length + keys.length > 0 && (
          <ConfirmButton label="Release these" warning="Their keys are revoked." disabled={busy} onConfirm={submit} />
        )}
      </header>
      <ul>
        {[...released, ...left].map(({ id, path, why }) => (
          <li key={id}>
            <span className="path">{path}</span> <span className="quiet">{why}</span>
          </li>
        ))}
        {keys.map(({ uuid, workspace }) => (
          <li key={uuid}>A key made for {workspace} that no workspace has</li>
        ))}
        {owed.map(({ identity, attempts }) => (
          <li key={identity}>
            A revocation for {identity} is owed; tried {attempts} times so far
          </li>
        ))}
      </ul>
      {keys_unseen && <p className="quiet">Ravi did not answer, so it is not known whether a key is left behind there.</p>}
      {stuck.map(({ id, path, error }) => (
        <div key={id} role="alert">
          <p>
            <span className="path">{path}</span>: {error.message}
          </p>
          <p className="quiet">{error.hint} Its key is revoked all the same.</p>
        </div>
      ))}
      {failed && <ErrorNotice error={failed} />}
    </section>
  )
}
