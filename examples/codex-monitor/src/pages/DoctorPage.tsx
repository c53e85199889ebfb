import ravi, { type Finding, type FindingState } from 'tauri-plugin-ravi-api'
import { useLoad } from '../hooks/useLoad'
import { ErrorNotice } from '../parts/ErrorNotice'
import { Loading, Page } from '../parts/Page'
import { Reaper } from '../parts/Reaper'
import { SignInFirst } from '../parts/SignInFirst'

const WORDS: Record<FindingState, string> = { fail: 'Problem', warn: 'Check this', ok: 'Fine' }
const ORDER: FindingState[] = ['fail', 'warn', 'ok']
const examine = () => ravi.doctor()

export function DoctorPage({ onSignIn }: { onSignIn: () => void }) {
  const { data: report, error, reload } = useLoad(examine)
  return (
    <Page title="Doctor" lead="What may be wrong on this machine, and what to do about it. Checking changes nothing.">
      <SignInFirst onSignIn={onSignIn} />
      {error && <ErrorNotice error={error} action={{ label: 'Try again', run: reload }} />}
      {!report && !error && <Loading what="this machine" />}
      {report && (
        <section className="card" aria-label="Findings">
          <header>
            <h2>{report.ok ? 'Nothing is broken' : 'Something is broken'}</h2>
            <button type="button" onClick={reload}>
              Check again
            </button>
          </header>
          <ul className="findings">
            {ORDER.flatMap((state) => report.findings.filter((one) => one.state === state)).map((finding) => (
              <Found key={`${finding.check} ${finding.message}`} finding={finding} />
            ))}
          </ul>
        </section>
      )}
      <Reaper />
    </Page>
  )
}

function Found({ finding: { check, state, message, fix } }: { finding: Finding }) {
  return (
    <li className={state}>
      <span className={`pill ${state}`}>{WORDS[state]}</span>
      <div>
        <p>
          <strong>{check}</strong> {message}
        </p>
        {fix && <p className="quiet">{fix}</p>}
      </div>
    </li>
  )
}
