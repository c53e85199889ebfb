import { emit } from '@tauri-apps/api/event'
import { clearMocks, mockIPC } from '@tauri-apps/api/mocks'
import { act, type ReactNode } from 'react'
import { createRoot, type Root } from 'react-dom/client'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { AccountState, PowerSwitch, ProgressSteps, SignIn, WorkspaceIdentity } from './index'

const prompt = { user_code: 'ABCD-1234', url: 'https://ravi.example/d', fallback_url: '', expires_in_s: 600 }
const identity = { uuid: 'u1', name: 'Front desk', email: 'desk@example.com', phone: null }
const account = { server: 'https://ravi.example', source: 'login', key: 'management', host: identity, choices: [], kept: null, warnings: [] }
const info = {
  identity,
  git: { user_name: 'payments', user_email: 'desk@example.com' },
  github: { source: 'denied' as const, secret: null },
}
const off = { on: false, asked: true, error: null }

let root: Root
let page: HTMLElement
let calls: { name: string; args: Record<string, unknown> }[]
/** What a command returns: a function produces it; an object with a `code` is a refusal. */
let answers: Record<string, unknown>

beforeEach(() => {
  ;(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true
  page = document.body.appendChild(document.createElement('div'))
  root = createRoot(page)
  calls = []
  answers = { account_status: { code: 'account.not_signed_in', message: '', hint: '' }, power_status: { on: true, asked: true, error: null } }
  mockIPC(
    async (command, payload) => {
      const call = { name: command.slice('plugin:ravi|'.length), args: payload as Record<string, unknown> }
      calls.push(call)
      const answer = answers[call.name]
      const value: unknown = typeof answer === 'function' ? answer(call) : answer
      if (typeof value === 'object' && value && 'code' in value) throw value
      return value
    },
    { shouldMockEvents: true },
  )
})

afterEach(async () => {
  await act(async () => root.unmount())
  page.remove()
  clearMocks()
  vi.useRealTimers()
})

const show = (node: ReactNode) => act(async () => root.render(node))
const seen = <T extends HTMLElement>(css: string) => page.querySelector<T>(css)
const text = (css = 'div') => seen(css)?.textContent ?? ''
const state = (css: string) => seen(css)?.dataset['state']
const named = (name: string) => [...page.querySelectorAll('button')].find((one) => (one.getAttribute('aria-label') ?? one.textContent) === name)
const press = (name: string) =>
  act(async () => {
    const button = named(name)
    if (!button) throw new Error(`no button ${name} in ${page.innerHTML}`)
    button.focus()
    button.click()
  })
const count = (name: string) => calls.filter((one) => one.name === name).length

/** Sends something on the channel of a long call. */
function say(index: number, message: unknown, name = 'account_login'): Promise<void> {
  const { id } = calls.filter((one) => one.name === name).at(-1)?.args['onEvent'] as { id: number }
  const { __TAURI_INTERNALS__ } = window as unknown as { __TAURI_INTERNALS__: { runCallback(id: number, message: unknown): void } }
  return act(async () => __TAURI_INTERNALS__.runCallback(id, { index, message }))
}
const pending = () => new Promise(() => {})

async function prompted(node: ReactNode = <SignIn />): Promise<void> {
  answers['account_login'] = pending
  answers['account_cancel'] = true
  await show(node)
  await press('Sign in')
  await say(0, { event: 'progress', data: prompt })
}

it('shows the code and the page of a login, and ends when it is approved', async () => {
  const onSignedIn = vi.fn()
  await prompted(<SignIn onSignedIn={onSignedIn} />)
  expect(state('.ravi-sign-in')).toBe('waiting')
  expect(text('.ravi-code strong')).toBe('ABCD-1234')
  expect(seen('.ravi-code')?.getAttribute('role')).toBe('status')
  expect(seen<HTMLAnchorElement>('.ravi-link a')?.href).toBe(prompt.url)
  expect(text('[role=timer]')).toContain('10:00')
  expect(document.activeElement?.getAttribute('aria-label')).toBe('Approve this login')
  await say(1, { event: 'finished', data: account })
  expect(page.innerHTML).toBe('')
  expect(onSignedIn).toHaveBeenCalledWith(account)
})

it('opens the page as the host says, and shows what the host adds', async () => {
  const onOpen = vi.fn()
  await prompted(<SignIn onOpen={onOpen} actions={({ user_code }) => <button>Approve {user_code}</button>} />)
  await act(async () => seen('.ravi-link a')?.click())
  expect(onOpen).toHaveBeenCalledWith(prompt.url)
  expect(named('Approve ABCD-1234')).toBeDefined()
})

it('copies the address, and says when it cannot', async () => {
  const writeText = vi.fn().mockResolvedValueOnce(undefined).mockRejectedValueOnce(new Error('refused'))
  vi.stubGlobal('navigator', { clipboard: { writeText } })
  await prompted()
  await press('Copy address')
  expect(writeText).toHaveBeenCalledWith(prompt.url)
  expect(text('.ravi-said')).toBe('Copied')
  await press('Copy address')
  expect(text('.ravi-said')).toBe('Select it and copy by hand')
  vi.unstubAllGlobals()
})

it('counts down, and offers a new code when the old one is too old', async () => {
  vi.useFakeTimers()
  await prompted()
  await act(() => vi.advanceTimersByTimeAsync(61_000))
  expect(text('[role=timer]')).toContain('8:59')
  await act(() => vi.advanceTimersByTimeAsync(540_000))
  expect(state('.ravi-sign-in')).toBe('expired')
  expect(text('[role=alert]')).toBe('The code has expired.')
  expect(count('account_cancel')).toBe(1)
  await press('Get a new code')
  expect(count('account_login')).toBe(2)
})

it('ends by Cancel, and gives the focus back', async () => {
  await prompted()
  await press('Cancel')
  expect(state('.ravi-sign-in')).toBe('idle')
  expect(count('account_cancel')).toBe(1)
  expect(document.activeElement?.textContent).toBe('Sign in')
})

it('ends a login whose code nobody sees any more', async () => {
  await prompted()
  await show(null)
  expect(count('account_cancel')).toBe(1)
})

it('says why a login failed, and what to do', async () => {
  await prompted()
  await say(1, { event: 'failed', data: { code: 'account.login_refused', message: 'refused', hint: 'Start again.' } })
  expect(text('[role=alert]')).toContain('refusedStart again. account.login_refused')
  expect(named('Sign in')).toBeDefined()
})

it('lets a person choose the identity for the app, or make one', async () => {
  answers['account_status'] = { ...account, host: null, choices: [identity] }
  answers['account_choose_host'] = { code: 'api.unreachable', message: 'away', hint: 'wait' }
  await show(<SignIn />)
  await press('Front desk <desk@example.com>')
  expect(text('[role=alert]')).toContain('away')
  await press('Make a new one')
  expect(count('account_make_host')).toBe(0)
  answers['account_choose_host'] = account
  await press('Front desk <desk@example.com>')
  expect(calls.at(-1)?.args).toEqual({ identity: 'u1' })
  expect(page.innerHTML).toBe('')
})

it('AccountState shows who is signed in, and signs out after it has asked', async () => {
  answers['account_status'] = { ...account, warnings: [{ code: 'account.key_stays', message: 'stays', hint: '' }] }
  answers['account_logout'] = {}
  await show(<AccountState />)
  expect(state('.ravi-account')).toBe('signed-in')
  expect(text('.ravi-facts')).toContain('a login on this machine')
  expect(text('[role=note]')).toContain('stays')
  await press('Sign out')
  expect(count('account_logout')).toBe(0)
  await press('Sign out: Agents keep their keys; nothing new can be set up.')
  expect(count('account_logout')).toBe(1)
})

it('AccountState signs in where nobody is signed in', async () => {
  await show(<AccountState />)
  expect(state('.ravi-account')).toBe('signed-out')
  expect(named('Sign in')).toBeDefined()
})

it('AccountState offers to try again', async () => {
  answers['account_status'] = { code: 'api.unreachable', message: 'away', hint: 'wait' }
  await show(<AccountState />)
  expect(state('.ravi-account')).toBe('error')
  answers['account_status'] = account
  await press('Try again')
  expect(state('.ravi-account')).toBe('signed-in')
})

it('AccountState offers the switch where Ravi is off, also to a window that may not ask for it', async () => {
  answers = { power_status: off, account_status: { code: 'power.off', message: 'off', hint: '' }, power_on: { on: true, asked: true, error: null } }
  await show(<AccountState />)
  expect(state('.ravi-account')).toBe('off')
  expect(seen('[role=switch]')?.getAttribute('aria-checked')).toBe('false')
  answers['account_status'] = account
  await press('Ravi')
  await vi.waitFor(() => expect(state('.ravi-account')).toBe('signed-in'))
  await show(null)
  answers = { account_status: { code: 'power.off', message: 'off', hint: '' }, power_status: { code: 'ipc.refused', message: '', hint: '' } }
  await show(<AccountState />)
  expect(state('.ravi-account')).toBe('off')
})

it('AccountState does not mind a plugin without a switch', async () => {
  answers = { account_status: account, power_status: { code: 'ipc.unknown_command', message: '', hint: '' } }
  await show(<AccountState />)
  expect(state('.ravi-account')).toBe('signed-in')
})

it('PowerSwitch switches, follows other windows, and says what it does', async () => {
  answers['power_off'] = off
  await show(<PowerSwitch />)
  const button = seen('[role=switch]')
  expect(page.querySelector(`[id="${button?.getAttribute('aria-describedby')}"]`)?.textContent).toContain('git author')
  await press('Ravi')
  expect(state('.ravi-power')).toBe('off')
  await act(() => emit('ravi://power', { on: true, asked: true, error: null }))
  expect(state('.ravi-power')).toBe('on')
})

it('PowerSwitch puts a broken ledger aside, and none that is locked', async () => {
  answers['power_status'] = { on: false, asked: true, error: { code: 'ledger.keychain_locked', message: 'locked', hint: '' } }
  await show(<PowerSwitch />)
  expect(named('Begin a new ledger')).toBeUndefined()
  await act(() => emit('ravi://power', { on: false, asked: true, error: { code: 'ledger.damaged', message: 'broken', hint: '' } }))
  answers['power_renew'] = { on: true, asked: true, error: null, aside: '/state/old' }
  await press('Begin a new ledger')
  await act(async () => seen('.ravi-danger')?.click())
  expect(state('.ravi-power')).toBe('on')
  expect(text('.ravi-power > .ravi-said')).toContain('/state/old')
})

it('WorkspaceIdentity shows who the agent is, from the shared list', async () => {
  const last_error = { code: 'api.unreachable', message: 'away', hint: 'wait' }
  answers['workspace_list'] = [{ id: 'w1', path: '/w1', ...info, key: false, bundle: [], folder: 'present', last_error }]
  await show(<WorkspaceIdentity id="w1" action={({ code }) => <button>Mend {code}</button>} />)
  expect(text('.ravi-facts')).toContain('desk@example.com')
  for (const words of ['payments <desk@example.com>', 'refused until it has a token', 'no inbox and no vault']) {
    expect(text('.ravi-facts')).toContain(words)
  }
  expect(state('.ravi-workspace')).toBe('error')
  expect(text('[role=alert]')).toContain('away')
  expect(named('Mend api.unreachable')).toBeDefined()
})

it('WorkspaceIdentity shows what the host knows, and does not ask the plugin then', async () => {
  const warnings = [{ code: 'workspace.email', message: 'another address', hint: '' }]
  await show(<WorkspaceIdentity id="w1" info={{ ...info, warnings }} />)
  expect(state('.ravi-workspace')).toBe('warning')
  expect(text('[role=note]')).toContain('another address')
  await show(<WorkspaceIdentity id="w1" info={null} />)
  expect(state('.ravi-workspace')).toBe('none')
  expect(calls).toEqual([])
})

it('ProgressSteps shows steps as they come', async () => {
  await show(<ProgressSteps id="w1" />)
  expect(page.innerHTML).toBe('')
  await act(() => emit('ravi://progress', { id: 'w1', step: 'git', state: 'done', at_ms: 1 }))
  expect(text('.ravi-steps')).toBe('Set the git author done')
  expect(state('.ravi-steps')).toBe('running')
  expect(seen('.ravi-steps')?.getAttribute('aria-live')).toBe('polite')
  await show(<ProgressSteps id="w2" job={{ steps: [], running: true }} />)
  expect(text('.ravi-steps')).toBe('Begin')
})

it('every text can be another', async () => {
  const labels = {
    signIn: 'Anmelden',
    step: () => 'Schritt',
    error: ({ code }: { code: string }) => ({ message: `Fehler ${code}`, hint: 'Warten Sie.' }),
  }
  const job = { steps: [{ step: 'git' as const, state: 'done' as const }], running: true }
  await show([<SignIn key="1" labels={labels} />, <ProgressSteps key="2" id="w1" labels={labels} job={job} />])
  expect(named('Anmelden')).toBeDefined()
  expect(text('.ravi-steps')).toBe('Schritt done')
  await show(null)
  answers['account_status'] = { code: 'api.unreachable', message: 'away', hint: 'wait' }
  await show(<AccountState labels={labels} />)
  expect(text('[role=alert]')).toContain('Fehler api.unreachableWarten Sie.')
})
