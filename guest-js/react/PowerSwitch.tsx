import { useId, useState, type ReactElement } from 'react'
import { power } from '../index'
import { usePower } from './hooks'
import { withLabels, type Labelled } from './labels'
import { Confirm, Notice, useRun } from './parts'
import { turn } from './stores'

/** Errors that neither waiting nor unlocking can fix. */
const BROKEN = ['ledger.damaged']

/**
 * Switches Ravi on and off in an app that is off until a person asks for it, and says why it does not work while it is on.
 * Needs `ravi:allow-power-status`, `-on`, `-off`, and also `-renew` if a ledger that cannot be read is to be put aside here.
 *
 * @example
 * ```tsx
 * <PowerSwitch labels={{ power: 'Identities of agents' }} />
 * ```
 */
export function PowerSwitch(props: Labelled): ReactElement {
  const labels = withLabels(props.labels)
  const { power: status, error: unknown } = usePower()
  const [aside, setAside] = useState<string | null>(null)
  const { busy, error: failed, run } = useRun()
  const id = useId()
  const on = status?.on ?? false
  const error = failed ?? status?.error ?? unknown
  return (
    <div className="ravi-power" data-state={status ? (on ? 'on' : 'off') : 'unknown'}>
      <button
        type="button"
        role="switch"
        aria-checked={on}
        aria-describedby={id}
        aria-busy={busy}
        disabled={busy || !status?.asked}
        onClick={() => void run(() => turn(on ? power.off : power.on))}
      >
        {labels.power}
      </button>
      <p id={id}>{labels.powerLead}</p>
      {error && (
        <Notice error={error} labels={labels}>
          {BROKEN.includes(error.code) && (
            <Confirm
              label={labels.renew}
              warning={labels.renewWarning}
              labels={labels}
              disabled={busy}
              onConfirm={() => void run(async () => setAside((await turn(power.renew)).aside))}
            />
          )}
        </Notice>
      )}
      <p className="ravi-said" role="status">
        {aside !== null && labels.renewed(aside)}
      </p>
    </div>
  )
}
