import { useCallback, useEffect, useState } from 'react'
import ravi, { type MigrateReport } from 'tauri-plugin-ravi-api'
import { useAccount } from '../hooks/useAccount'
import { useLoad } from '../hooks/useLoad'
import { daemonToken } from '../tauri'
import { ConfirmButton } from './ConfirmButton'
import { ErrorNotice } from './ErrorNotice'
import { Loading } from './Page'
import { useSubmit } from './useSubmit'

const DAEMON_TOKEN = 'CODEX_MONITOR_DAEMON_TOKEN'

/** The migration assistant: shows what is plaintext in settings.json, moves it to the vault, and puts it back. */
export function MigrationSection({ file }: { file: string }) {
  const { connection } = useAccount()
  const { data: plan, error, reload } = useLoad(useCallback(() => ravi.settings.plan(file, 'codex-monitor'), [file]))
  const [message, setMessage] = useState('')
  const migrate = useSubmit(async () => {
    const { moved } = await ravi.settings.migrate(file, 'codex-monitor')
    setMessage(`${moved.length} secrets are in the vault now, and references in the file.`)
    reload()
  })
  const undo = useSubmit(async () => {
    const { aside } = await ravi.settings.undo(file)
    setMessage(`The file is as it was before.${aside ? ` Changes made since are in ${aside}.` : ''}`)
    reload()
  })

  useEffect(() => {
    if (connection.state === 'ready') reload()
  }, [connection.state, reload])

  return (
    <section className="card" aria-label="Secrets in settings.json">
      <h2>Secrets in settings.json</h2>
      <p className="quiet path">{file}</p>
      {error && connection.state !== 'signed-out' && <ErrorNotice error={error} action={{ label: 'Try again', run: reload }} />}
      {connection.state === 'signed-out' && <p>Sign in to see which secrets in it are plaintext, and to move them into the vault.</p>}
      {!plan && !error && <Loading what="the file" />}
      {plan && <Places plan={plan} />}
      <p className="message" role="status">
        {message}
      </p>
      {(migrate.error ?? undo.error) && <ErrorNotice error={(migrate.error ?? undo.error)!} />}
      {plan && (
        <p className="buttons">
          {plan.moved.length > 0 && (
            <button type="button" className="primary" disabled={migrate.busy} onClick={() => migrate.submit()}>
              Move {plan.moved.length} into the vault
            </button>
          )}
          {plan.already.length > 0 && (
            <ConfirmButton label="Undo" warning="Puts the tokens back into the file as plaintext." disabled={undo.busy} onConfirm={undo.submit} />
          )}
        </p>
      )}
      {plan?.already.some(({ secret }) => secret === DAEMON_TOKEN) && <DaemonToken />}
    </section>
  )
}

function Places({ plan: { moved, already } }: { plan: MigrateReport }) {
  if (moved.length + already.length === 0) return <p>It contains no secret.</p>
  const rows = [
    ...moved.map((place) => ({ ...place, state: 'plaintext' })),
    ...already.map((place) => ({ ...place, state: 'in the vault' })),
  ]
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Place</th>
          <th scope="col">Secret</th>
          <th scope="col">Now</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ pointer, secret, state }) => (
          <tr key={pointer}>
            <td>
              <code>{pointer}</code>
            </td>
            <td>
              <code>{secret}</code>
            </td>
            <td>
              <span className={`pill ${state === 'plaintext' ? 'warn' : 'ok'}`}>{state}</span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** The token that the app gives its daemon. The page only sees a fingerprint of it. */
function DaemonToken() {
  const { data: fingerprint, error, reload } = useLoad(daemonToken)
  const rotate = useSubmit(async () => {
    await ravi.secrets.rotate(DAEMON_TOKEN)
    reload()
  })
  return (
    <div className="row" role="group" aria-label="Daemon token">
      <p>
        Daemon token with the fingerprint <code className="fingerprint">{fingerprint ?? '…'}</code>
      </p>
      <ConfirmButton label="Rotate" name="Rotate the daemon token" warning="Daemons that do not follow the change must be restarted." disabled={rotate.busy} onConfirm={rotate.submit} />
      {(error ?? rotate.error) && <ErrorNotice error={(error ?? rotate.error)!} />}
    </div>
  )
}
