import type { Step, StepState } from 'tauri-plugin-ravi-api'
import { ErrorNotice } from './ErrorNotice'
import type { Job } from './useWorkspaces'

const STEPS: Record<Step, string> = {
  inspect: 'Look at the folder',
  identity: 'Find or make the identity',
  key: 'Get its key',
  phone: 'Get a phone number',
  git: 'Set the git author',
  files: 'Write its files',
  github: 'Choose the GitHub login',
  undo: 'Undo git values and files',
  revoke: 'Revoke the key',
  park: 'Put the identity back',
}
const STATES: Record<StepState, string> = { started: 'running', done: 'done', skipped: 'not needed', failed: 'failed' }

export function JobCard({ job, onDismiss }: { job: Job; onDismiss: () => void }) {
  return (
    <section className="job" aria-label={job.title} aria-busy={!job.error}>
      <h2>{job.title}</h2>
      <ol className="steps" aria-live="polite">
        {job.steps.map(({ step, state }) => (
          <li key={step} className={state}>
            {STEPS[step]} <span className="state">{STATES[state]}</span>
          </li>
        ))}
      </ol>
      {job.error && <ErrorNotice error={job.error} action={{ label: 'Dismiss', run: onDismiss }} />}
    </section>
  )
}
