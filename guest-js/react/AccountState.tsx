import type { ReactElement } from 'react'
import { account as calls, type Account } from '../index'
import { ChooseHost } from './ChooseHost'
import { useAccount, usePower, type LiveAccount } from './hooks'
import { withLabels, type Labels } from './labels'
import { Confirm, Fact, Missing, Notice, useRun } from './parts'
import { PowerSwitch } from './PowerSwitch'
import { SignIn, type SignInProps } from './SignIn'

/**
 * Who is signed in; {@link SignIn} if nobody is; {@link PowerSwitch} if Ravi is off.
 *
 * @example
 * ```tsx
 * <AccountState onOpen={openUrl} />
 * ```
 */
export function AccountState(props: SignInProps): ReactElement {
  const labels = withLabels(props.labels)
  const live = useAccount()
  const { account, error, refresh } = live
  const { power } = usePower()
  // If the window may not ask whether Ravi is on, the account's error decides.
  const off = power?.on === false || error?.code === 'power.off'
  const state = off ? 'off' : stateOf(live)
  return (
    <section className="ravi-account" data-state={state} aria-label={labels.account} aria-busy={state === 'loading'}>
      {state === 'loading' && <p role="status">{labels.accountLoading}</p>}
      {state === 'off' && (
        <>
          <p>{labels.powerOff}</p>
          <PowerSwitch labels={props.labels} />
        </>
      )}
      {state === 'error' && error && (
        <Notice error={error} labels={labels}>
          <button type="button" onClick={() => void refresh()}>
            {labels.again}
          </button>
        </Notice>
      )}
      {state === 'signed-out' && <SignIn {...props} />}
      {account && (state === 'signed-in' || state === 'choose-host') && <SignedIn account={account} labels={labels} />}
    </section>
  )
}

function stateOf({ account, error, loading }: LiveAccount) {
  if (error) return 'error'
  if (account) return account.host ? 'signed-in' : 'choose-host'
  return loading ? 'loading' : 'signed-out'
}

function SignedIn({ account, labels }: { account: Account; labels: Labels }): ReactElement {
  const { busy, error, run } = useRun()
  return (
    <>
      <dl className="ravi-facts">
        <Fact name={labels.signedInBy}>{labels.source(account.source)}</Fact>
        <Fact name={labels.reaches}>{labels.reach(account.key)}</Fact>
        <Fact name={labels.host}>{account.host?.email ?? <Missing>{labels.noHost}</Missing>}</Fact>
        {account.kept && <Fact name={labels.keptIn}>{labels.kept(account.kept)}</Fact>}
      </dl>
      {account.warnings.map((warning) => (
        <Notice key={warning.code + warning.message} error={warning} labels={labels} role="note" />
      ))}
      {!account.host && <ChooseHost account={account} labels={labels} />}
      {account.source === 'login' && (
        <Confirm
          label={labels.signOut}
          warning={labels.signOutWarning}
          labels={labels}
          disabled={busy}
          onConfirm={() => void run(calls.logout)}
        />
      )}
      {error && <Notice error={error} labels={labels} />}
    </>
  )
}
