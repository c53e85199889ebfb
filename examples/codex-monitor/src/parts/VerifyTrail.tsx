import ravi, { type AuditReport } from 'tauri-plugin-ravi-api'
import { useState } from 'react'
import { ErrorNotice } from './ErrorNotice'
import { useSubmit } from './useSubmit'

/** Checks that nothing was changed in the trail or cut off it. */
export function VerifyTrail() {
  const [report, setReport] = useState<AuditReport>()
  const { busy, error, submit } = useSubmit(async () => setReport(await ravi.audit.verify()))
  return (
    <div className="row">
      <button type="button" disabled={busy} onClick={() => submit()}>
        Verify the trail
      </button>
      <p role="status" className={report && !report.ok ? 'broken' : 'message'}>
        {report && (report.ok ? `Whole: ${report.entries} entries.` : 'The trail is not as it was written.')}
      </p>
      {error && <ErrorNotice error={error} />}
    </div>
  )
}
