import { useEffect, useRef, type MouseEvent, type ReactElement, type ReactNode } from 'react'
import type { Account, DevicePrompt } from '../index'
import { ChooseHost } from './ChooseHost'
import { useAccount } from './hooks'
import { withLabels, type Labelled, type Labels } from './labels'
import { Copy, Notice, useFocusOnReturn } from './parts'
import { useCountdown, useLogin, type Login } from './useLogin'

/** Props of {@link SignIn}. */
export interface SignInProps extends Labelled {
  /** Called when the person has approved the code. */
  onSignedIn?: ((account: Account) => void) | undefined
  /**
   * Opens the page where the code is approved, for example with `openUrl` of the opener plugin. Without it the link is an
   * ordinary one, which Tauri does not open unless the app arranges it; it can be copied.
   */
  onOpen?: ((url: string) => void) | undefined
  /** Further buttons next to the code. */
  actions?: ((prompt: DevicePrompt) => ReactNode) | undefined
}

/**
 * Signing in: a code to approve in a browser, then a choice of the identity that holds the app's secrets, if one must be
 * chosen. Nothing once that is done. Needs `ravi:account` and `ravi:allow-account-status`.
 *
 * @example
 * ```tsx
 * <SignIn onOpen={openUrl} />
 * ```
 */
export function SignIn(props: SignInProps): ReactElement | null {
  const { account } = useAccount()
  if (!account) return <DeviceLogin {...props} />
  return account.host ? null : <ChooseHost account={account} labels={props.labels} />
}

function DeviceLogin({ onSignedIn, ...props }: SignInProps): ReactElement {
  const { login, start, cancel, expire } = useLogin(onSignedIn)
  const labels = withLabels(props.labels)
  const button = useRef<HTMLButtonElement>(null)
  const away = login.state === 'waiting' || login.state === 'starting'
  useFocusOnReturn(button, away)
  return (
    <div className="ravi-sign-in" data-state={login.state}>
      {login.state === 'waiting' && <Prompt {...props} labels={labels} login={login} onCancel={cancel} onExpire={expire} />}
      {login.state === 'starting' && (
        <>
          <p role="status">{labels.starting}</p>
          <button type="button" onClick={cancel}>
            {labels.cancel}
          </button>
        </>
      )}
      {!away && (
        <>
          {login.state === 'expired' ? <p role="alert">{labels.expired}</p> : <p>{labels.signInLead}</p>}
          {login.state === 'failed' && <Notice error={login.error} labels={labels} />}
          <button type="button" ref={button} className="ravi-primary" onClick={start}>
            {login.state === 'expired' ? labels.newCode : labels.signIn}
          </button>
        </>
      )}
    </div>
  )
}

interface PromptProps extends Pick<SignInProps, 'onOpen' | 'actions'> {
  login: Extract<Login, { state: 'waiting' }>
  labels: Labels
  onCancel: () => void
  onExpire: () => void
}

function Prompt({ login: { prompt, until }, labels, onOpen, actions, onCancel, onExpire }: PromptProps): ReactElement {
  const group = useRef<HTMLDivElement>(null)
  const left = useCountdown(until, onExpire)
  // The button that had the focus is gone.
  useEffect(() => group.current?.focus(), [])
  return (
    <div ref={group} tabIndex={-1} role="group" aria-label={labels.approve}>
      <p className="ravi-code" role="status">
        <span>{labels.code} </span>
        <strong>{prompt.user_code}</strong>
      </p>
      <p className="ravi-link">
        {labels.open} <Link url={prompt.url} onOpen={onOpen} /> <Copy text={prompt.url} what={labels.address} labels={labels} />
      </p>
      {prompt.fallback_url && prompt.fallback_url !== prompt.url && (
        <p className="ravi-fallback">
          {labels.fallback} <Link url={prompt.fallback_url} onOpen={onOpen} />
        </p>
      )}
      <p>
        {labels.compare} <span role="timer">{labels.remaining(clock(left))}</span>
      </p>
      <p className="ravi-buttons">
        {actions?.(prompt)}
        <button type="button" onClick={onCancel}>
          {labels.cancel}
        </button>
      </p>
    </div>
  )
}

function Link({ url, onOpen }: { url: string; onOpen: SignInProps['onOpen'] }): ReactElement {
  const open = (event: MouseEvent) => {
    if (!onOpen) return
    event.preventDefault()
    onOpen(url)
  }
  return (
    <a href={url} target="_blank" rel="noreferrer" onClick={open}>
      {url}
    </a>
  )
}

/** Seconds as `9:05`. */
const clock = (seconds: number) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
