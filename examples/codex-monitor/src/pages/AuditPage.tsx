import { useCallback, useState } from 'react'
import ravi, { type AuditRow, type WorkspaceSummary } from 'tauri-plugin-ravi-api'
import { useWorkspaces } from 'tauri-plugin-ravi-api/react'
import { useLoad } from '../hooks/useLoad'
import { ErrorNotice } from '../parts/ErrorNotice'
import { Field } from '../parts/Field'
import { Empty, Loading, Page } from '../parts/Page'
import { timeWords } from '../parts/time'
import { VerifyTrail } from '../parts/VerifyTrail'
import { WorkspaceChoice } from '../parts/WorkspaceChoice'

const LIMIT = 200

export function AuditPage({ chosen }: { chosen: string | undefined }) {
  const [workspace, setWorkspace] = useState(chosen ?? '')
  const [secret, setSecret] = useState('')
  const { workspaces } = useWorkspaces()
  const wanted = secret.trim()
  const query = useCallback(
    () => ravi.audit.query({ limit: LIMIT, ...(workspace && { workspace }), ...(wanted && { secret: wanted }) }),
    [workspace, wanted],
  )
  const { data: rows, error, reload } = useLoad(query)
  return (
    <Page title="Audit" lead="Who used what, and when. Names only, never a value.">
      <div className="row" role="search">
        <WorkspaceChoice workspaces={workspaces} value={workspace} onValue={setWorkspace} all="All workspaces" />
        <Field label="Secret" value={secret} onValue={setSecret} placeholder="CODEX_MONITOR_DAEMON_TOKEN" />
        <button type="button" onClick={reload}>
          Reload
        </button>
      </div>
      <VerifyTrail />
      {error && <ErrorNotice error={error} action={{ label: 'Try again', run: reload }} />}
      {!rows && !error && <Loading what="the trail" />}
      {rows?.length === 0 && <Empty title="No entries">Nothing that was done matches.</Empty>}
      {rows && rows.length > 0 && <Timeline rows={[...rows].reverse()} workspaces={workspaces} />}
    </Page>
  )
}

/** Newest first. */
function Timeline({ rows, workspaces }: { rows: AuditRow[]; workspaces: WorkspaceSummary[] }) {
  const nameOf = (id: string | null) => (id ? (workspaces.find((one) => one.id === id)?.name ?? id) : '')
  return (
    <section className="card scroll" aria-label="Timeline" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">What</th>
            <th scope="col">To what</th>
            <th scope="col">Workspace</th>
            <th scope="col">By</th>
            <th scope="col">Outcome</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.source} ${row.seq}`}>
              <td>{timeWords(row.at_ms)}</td>
              <td>
                <code>{row.action}</code>
                {row.times > 1 && ` × ${row.times}`}
              </td>
              <td className="object">{row.object}</td>
              <td>{nameOf(row.workspace)}</td>
              <td className="quiet">{row.program}</td>
              <td>
                <span className={`pill ${row.outcome}`}>{row.outcome}</span> <span className="quiet">{row.reason}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
