import { emit } from '@tauri-apps/api/event'
import { clearMocks, mockIPC } from '@tauri-apps/api/mocks'
import { act, StrictMode, type ReactNode } from 'react'
import { createRoot, type Root } from 'react-dom/client'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { useAccount, useInbox, useProgress, useWorkspace, useWorkspaces } from './index'

let root: Root
let page: HTMLElement
/** Every command that was called; event commands with the event's name. */
let calls: string[]
let answers: Record<string, unknown>

beforeEach(() => {
  ;(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true
  page = document.createElement('div')
  root = createRoot(page)
  calls = []
  answers = { workspace_list: [workspace('w1'), workspace('w2')] }
  mockIPC(
    (command) => {
      const name = command.slice('plugin:ravi|'.length)
      calls.push(name)
      const answer = answers[name]
      if (answer instanceof Error) throw { code: answer.message, message: answer.message, hint: '' }
      return answer
    },
    { shouldMockEvents: true },
  )
  listening()
})

afterEach(async () => {
  await act(async () => root.unmount())
  clearMocks()
})

/** The mocks answer event calls themselves; they are counted before that. */
function listening() {
  const internals = (window as unknown as { __TAURI_INTERNALS__: { invoke: (command: string, args: { event: string }) => unknown } })
    .__TAURI_INTERNALS__
  const { invoke } = internals
  internals.invoke = (command, args) => {
    const [, verb] = /^plugin:event\|(listen|unlisten)$/.exec(command) ?? []
    if (verb) calls.push(`${verb} ${args.event}`)
    return invoke(command, args)
  }
}

const workspace = (id: string, more: object = {}) => ({ id, name: id, path: `/${id}`, state: 'ready', ...more })
const count = (name: string) => calls.filter((one) => one === name).length
const show = (node: ReactNode) => act(async () => root.render(node))
const text = () => page.textContent
const tell = (event: string, payload: unknown) => act(() => emit(event, payload))
const step = (id: string, step: string, state: string) => tell('ravi://progress', { id, step, state, at_ms: 1 })

function Card({ id, onRender }: { id: string; onRender?: () => void }) {
  const { workspace, loading, error } = useWorkspace(id)
  onRender?.()
  return <li>{error?.code ?? (loading ? '…' : (workspace?.name ?? 'none'))} </li>
}
const cards = (ids: string[]) => ids.map((id) => <Card key={id} id={id} />)

it('fifty cards ask for the list once, and listen once', async () => {
  const ids = Array.from({ length: 50 }, (_, index) => `w${index}`)
  answers['workspace_list'] = ids.map((id) => workspace(id))
  await show(cards(ids))
  await vi.waitFor(() => expect(text()).toContain('w0 w1 w2'))
  expect(count('workspace_list')).toBe(1)
  for (const event of ['workspace', 'progress', 'power']) expect(count(`listen ravi://${event}`)).toBe(1)
})

it('cards that come later ask for nothing', async () => {
  await show(cards(['w1']))
  await vi.waitFor(() => expect(text()).toBe('w1 '))
  await show(cards(['w1', 'w2']))
  expect(text()).toBe('w1 w2 ')
  expect(count('workspace_list')).toBe(1)
})

it('a page that takes the place of another does not begin again, nor does StrictMode', async () => {
  await show(<StrictMode key="one">{cards(['w1'])}</StrictMode>)
  await vi.waitFor(() => expect(text()).toBe('w1 '))
  await show(<StrictMode key="two">{cards(['w2'])}</StrictMode>)
  expect(text()).toBe('w2 ')
  expect(count('workspace_list')).toBe(1)
})

it('an event changes the one workspace that it is about, and asks for nothing', async () => {
  const renders = { w1: vi.fn(), w2: vi.fn() }
  await show([<Card key="1" id="w1" onRender={renders.w1} />, <Card key="2" id="w2" onRender={renders.w2} />])
  await vi.waitFor(() => expect(text()).toBe('w1 w2 '))
  const before = renders.w1.mock.calls.length
  await tell('ravi://workspace', { id: 'w2', workspace: workspace('w2', { name: 'new' }) })
  expect(text()).toBe('w1 new ')
  expect(renders.w1).toHaveBeenCalledTimes(before)
  await tell('ravi://workspace', { id: 'w1', workspace: null })
  expect(text()).toBe('none new ')
  expect(count('workspace_list')).toBe(1)
})

it('whether the window may see a new workspace, the plugin says', async () => {
  const Names = () => useWorkspaces().workspaces.map(({ id }) => id).join(' ')
  await show(<Names />)
  await vi.waitFor(() => expect(text()).toBe('w1 w2'))
  await tell('ravi://workspace', { id: 'secret', workspace: workspace('secret') })
  await vi.waitFor(() => expect(count('workspace_list')).toBe(2))
  expect(text()).toBe('w1 w2')
})

it('a workspace is found by its id, by other ids of the app, and by its path', async () => {
  answers['workspace_list'] = [workspace('w1', { also: ['thread-7'] }), workspace('w2')]
  await show(cards(['thread-7', '/w2', '/w2/', 'unknown']))
  await vi.waitFor(() => expect(text()).toBe('w1 w2 w2 none '))
})

it('what an event says is not lost to a list that was asked for before', async () => {
  let answer: (list: unknown) => void = () => {}
  await show(cards(['w1']))
  await vi.waitFor(() => expect(text()).toBe('w1 '))
  answers['workspace_list'] = new Promise((resolve) => (answer = resolve))
  // Two changes: the first, of an unknown workspace, starts a load; the second arrives in the meantime.
  await tell('ravi://workspace', { id: 'w9', workspace: workspace('w9') })
  await tell('ravi://workspace', { id: 'w1', workspace: workspace('w1', { name: 'newer' }) })
  expect(text()).toBe('newer ')
  answers['workspace_list'] = [workspace('w1', { name: 'newest' })]
  await act(async () => answer([workspace('w1', { name: 'older' })]))
  await vi.waitFor(() => expect(text()).toBe('newest '))
})

it('stops listening when the last component goes, and begins again with the next', async () => {
  await show(cards(['w1', 'w2']))
  await vi.waitFor(() => expect(text()).toBe('w1 w2 '))
  await show(cards(['w1']))
  expect(count('unlisten ravi://workspace')).toBe(0)
  await show(null)
  for (const event of ['workspace', 'progress', 'power']) {
    await vi.waitFor(() => expect(count(`unlisten ravi://${event}`)).toBe(1))
  }
  await show(cards(['w1']))
  await vi.waitFor(() => expect(text()).toBe('w1 '))
  expect(count('workspace_list')).toBe(2)
  expect(count('listen ravi://workspace')).toBe(2)
})

it('takes who signed in from the event, and asks after a logout', async () => {
  answers['account_status'] = new Error('account.not_signed_in')
  const Who = () => useAccount().account?.server ?? 'nobody'
  await show(<Who />)
  await tell('ravi://account', { account: { server: 'https://ravi.example' } })
  expect(text()).toBe('https://ravi.example')
  expect(count('account_status')).toBe(1)
  answers['account_status'] = { server: 'from the environment' }
  await tell('ravi://account', { account: null })
  await vi.waitFor(() => expect(text()).toBe('from the environment'))
})

it('asks again when Ravi is switched on', async () => {
  answers['workspace_list'] = new Error('power.off')
  await show(cards(['w1']))
  await vi.waitFor(() => expect(text()).toBe('power.off '))
  answers['workspace_list'] = [workspace('w1')]
  await tell('ravi://power', { on: true, asked: true, error: null })
  await vi.waitFor(() => expect(text()).toBe('w1 '))
})

it('an inbox is shared by its target', async () => {
  answers = {
    inbox_list: [{ id: 'email:1' }],
    workspace_status: { id: 'w1' },
    inbox_fence: { cursor: 7 },
    inbox_watch: new Promise(() => {}),
    call_cancel: true,
  }
  const Count = ({ of }: { of: string }) => `${useInbox(of).messages.length} `
  await show(['a', 'b', 'c'].map((key) => <Count key={key} of="w1" />))
  await vi.waitFor(() => expect(text()).toBe('1 1 1 '))
  expect([count('inbox_list'), count('inbox_watch')]).toEqual([1, 1])
  await show(<Count of="w2" />)
  await vi.waitFor(() => expect(count('inbox_list')).toBe(2))
})

function Steps({ id }: { id: string }) {
  const { steps, running } = useProgress(id)
  return `${running ? 'running' : 'over'}: ${steps.map(({ step, state }) => `${step} ${state}`).join(', ')}`
}

it('shows the steps of a job to a card that comes in the middle of it', async () => {
  await show(cards(['w1']))
  await vi.waitFor(() => expect(text()).toBe('w1 '))
  await step('w1', 'inspect', 'started')
  await step('w1', 'inspect', 'done')
  await step('w2', 'inspect', 'started')
  await show([...cards(['w1']), <Steps key="s" id="w1" />])
  expect(text()).toBe('w1 running: inspect done')
  await step('w1', 'key', 'started')
  expect(text()).toBe('w1 running: inspect done, key started')
})

it('knows when a job is over, and begins anew with the next', async () => {
  await show(<Steps id="w1" />)
  expect(text()).toBe('over: ')
  await step('w1', 'undo', 'started')
  await step('w1', 'undo', 'done')
  await tell('ravi://workspace', { id: 'w1', workspace: null })
  expect(text()).toBe('over: undo done')
  await step('w1', 'inspect', 'started')
  expect(text()).toBe('running: inspect started')
})

it('tells jobs apart whose end was not told, and knows one that failed', async () => {
  await show(<Steps id="w1" />)
  await step('w1', 'inspect', 'started')
  await step('w1', 'inspect', 'failed')
  expect(text()).toBe('over: inspect failed')
  await step('w1', 'inspect', 'started')
  expect(text()).toBe('running: inspect started')
})

it('steps of a workspace are found by other ids of the app, too', async () => {
  answers['workspace_list'] = [workspace('w1', { also: ['thread-7'] })]
  await show([...cards(['w1']), <Steps key="s" id="thread-7" />])
  await vi.waitFor(() => expect(text()).toContain('w1 '))
  await step('w1', 'key', 'started')
  expect(text()).toBe('w1 running: key started')
})
