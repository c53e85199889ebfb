import type { ReactElement } from 'react'
import { account, type Account } from '../index'
import { withLabels, type Labelled } from './labels'
import { Confirm, Notice, useRun } from './parts'
import { accountStore } from './stores'

/** Props of {@link ChooseHost}. */
export interface ChooseHostProps extends Labelled {
  /** Who is signed in, with the identities to choose from. */
  account: Account
}

/** A choice of the identity that holds the app's own secrets, if it is not clear from the account (`account.choose_host`). */
export function ChooseHost({ account: { choices }, ...props }: ChooseHostProps): ReactElement {
  const labels = withLabels(props.labels)
  const { busy, error, run } = useRun()
  const use = (call: () => Promise<Account>) => void run(async () => accountStore.put(await call()))
  return (
    <div className="ravi-choose-host" role="group" aria-label={labels.chooseHost} aria-busy={busy}>
      <p>{labels.chooseHost}</p>
      {choices.map(({ uuid, name, email }) => (
        <button key={uuid} type="button" disabled={busy} onClick={() => use(() => account.chooseHost(uuid))}>
          {name} &lt;{email}&gt;
        </button>
      ))}
      <Confirm
        label={labels.makeHost}
        warning={labels.makeHostWarning}
        labels={labels}
        disabled={busy}
        onConfirm={() => use(account.makeHost)}
      />
      {error && <Notice error={error} labels={labels} />}
    </div>
  )
}
