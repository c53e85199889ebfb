import type { ReactElement } from 'react'
import { useProgress } from './hooks'
import type { Job } from './jobs'
import { withLabels, type Labelled } from './labels'

/** Props of {@link ProgressSteps}. */
export interface ProgressStepsProps extends Labelled {
  /** The workspace's id. */
  id: string
  /** The steps, if they do not come from this machine's plugin, which is then not called. */
  job?: Job | undefined
}

/**
 * What a provision, release or the like has done so far, whoever started it; nothing if none was seen.
 *
 * @example
 * ```tsx
 * <ProgressSteps id="w1" />
 * ```
 */
export function ProgressSteps({ job, ...props }: ProgressStepsProps): ReactElement | null {
  return job ? <Steps {...props} job={job} /> : <FromStore {...props} />
}

function FromStore(props: ProgressStepsProps): ReactElement | null {
  return <Steps {...props} job={useProgress(props.id)} />
}

function Steps({ job: { steps, running }, ...props }: ProgressStepsProps & { job: Job }): ReactElement | null {
  const labels = withLabels(props.labels)
  if (steps.length === 0 && !running) return null
  return (
    <ol
      className="ravi-steps"
      data-state={running ? 'running' : 'over'}
      aria-label={labels.progress}
      aria-live="polite"
      aria-busy={running}
    >
      {steps.length === 0 && <li data-state="started">{labels.begin}</li>}
      {steps.map(({ step, state }) => (
        <li key={step} data-state={state}>
          {labels.step(step)} <span>{labels.stepState(state)}</span>
        </li>
      ))}
    </ol>
  )
}
