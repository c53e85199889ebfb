import type { Progress, Step, StepState } from 'tauri-plugin-ravi-api'

const STEPS: Record<Step, string> = {
  inspect: 'Look at the folder',
  identity: 'Find or make the identity',
  key: 'Get its key',
  phone: 'Get a phone number',
  git: 'Set the git author',
  files: 'Write its files',
  github: 'Choose the GitHub login',
  bundle: 'Give it its credentials',
  undo: 'Undo git values and files',
  revoke: 'Revoke the key',
  park: 'Put the identity back',
}
const STATES: Record<StepState, string> = { started: 'running', done: 'done', skipped: 'not needed', failed: 'failed' }

/** What a provision or release has done so far. */
export function Steps({ steps }: { steps: Progress[] }) {
  return (
    <ol className="steps" aria-label="Progress" aria-live="polite">
      {steps.length === 0 && <li className="started">Begin</li>}
      {steps.map(({ step, state }) => (
        <li key={step} className={state}>
          {STEPS[step]} <span className="quiet">{STATES[state]}</span>
        </li>
      ))}
    </ol>
  )
}
