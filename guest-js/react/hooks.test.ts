import { clearMocks, mockIPC } from '@tauri-apps/api/mocks'
import { emit } from '@tauri-apps/api/event'
import { act, createElement } from 'react'
import { createRoot, type Root } from 'react-dom/client'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { useAccount, useInbox, useWorkspaces, type LiveAccount, type LiveInbox, type LiveWorkspaces } from './index'

const notSignedIn = { code: 'account.not_signed_in', message: 'not signed in', hint: 'sign in' }
let root: Root

beforeEach(() => {
  ;(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true
  root = createRoot(document.createElement('div'))
})

afterEach(() => {
  act(() => root.unmount())
  clearMocks()
})

/** Renders `hook` and keeps what it last returned. */
async function render<T>(hook: () => T): Promise<{ current: T }> {
  const seen = {} as { current: T }
  const Probe = () => {
    seen.current = hook()
    return null
  }
  await act(async () => root.render(createElement(Probe)))
  return seen
}

const workspace = (id: string) => ({ id, name: id, path: `/${id}` })

it('useWorkspaces loads, and again when something changes', async () => {
  let list = [workspace('w1')]
  mockIPC((command) => (command.endsWith('workspace_list') ? list : undefined), { shouldMockEvents: true })
  const seen = await render<LiveWorkspaces>(useWorkspaces)
  await vi.waitFor(() => expect(seen.current).toMatchObject({ workspaces: list, loading: false, error: null }))
  list = [workspace('w1'), workspace('w2')]
  await act(() => emit('ravi://workspace', { id: 'w2', workspace: null }))
  await vi.waitFor(() => expect(seen.current.workspaces).toEqual(list))
})

it('useWorkspaces loads once more however many changes come meanwhile', async () => {
  const answers: ((list: unknown) => void)[] = []
  mockIPC(
    (command) => (command.endsWith('workspace_list') ? new Promise((resolve) => answers.push(resolve)) : undefined),
    { shouldMockEvents: true },
  )
  const seen = await render<LiveWorkspaces>(useWorkspaces)
  await vi.waitFor(() => expect(answers).toHaveLength(1))
  for (const id of ['a', 'b', 'c']) await act(() => emit('ravi://workspace', { id, workspace: null }))
  expect(answers).toHaveLength(1)
  await act(async () => answers[0]?.([workspace('w1')]))
  await vi.waitFor(() => expect(answers).toHaveLength(2))
  await act(async () => answers[1]?.([workspace('w2')]))
  await vi.waitFor(() => expect(seen.current.workspaces).toEqual([workspace('w2')]))
  expect(answers).toHaveLength(2)
})

it('useWorkspaces keeps what it has when a later load fails', async () => {
  let fails = false
  mockIPC(
    (command) => {
      if (!command.endsWith('workspace_list')) return undefined
      if (fails) throw { ...notSignedIn, code: 'api.unreachable' }
      return [workspace('w1')]
    },
    { shouldMockEvents: true },
  )
  const seen = await render<LiveWorkspaces>(useWorkspaces)
  await vi.waitFor(() => expect(seen.current.loading).toBe(false))
  fails = true
  await act(() => seen.current.refresh())
  expect(seen.current).toMatchObject({ workspaces: [workspace('w1')], error: { code: 'api.unreachable' } })
  fails = false
  await act(() => seen.current.refresh())
  expect(seen.current.error).toBeNull()
})

it('useAccount takes that nobody is signed in for an answer', async () => {
  mockIPC(
    (command) => {
      if (command.endsWith('account_status')) throw notSignedIn
    },
    { shouldMockEvents: true },
  )
  const seen = await render<LiveAccount>(useAccount)
  await vi.waitFor(() => expect(seen.current).toMatchObject({ account: null, loading: false, error: null }))
})

it('a window that may not listen still loads, and says why it does not follow', async () => {
  mockIPC((command) => {
    if (command.startsWith('plugin:event')) throw 'event.listen not allowed'
    return [workspace('w1')]
  })
  const seen = await render<LiveWorkspaces>(useWorkspaces)
  await vi.waitFor(() => expect(seen.current.error).toMatchObject({ code: 'ipc.refused' }))
  expect(seen.current).toMatchObject({ workspaces: [workspace('w1')], loading: false })
})

it('useInbox loads, again when a message comes, and nothing without a workspace', async () => {
  let list = [{ id: 'email:1' }]
  const asked: string[] = []
  mockIPC(
    (command) => {
      asked.push(command)
      if (command.endsWith('inbox_list')) return list
      if (command.endsWith('workspace_status')) return { id: 'w1' }
      if (command.endsWith('inbox_fence')) return { cursor: 7 }
      return command.endsWith('inbox_watch') ? new Promise(() => {}) : true
    },
    { shouldMockEvents: true },
  )
  const none = await render<LiveInbox>(() => useInbox(null))
  await vi.waitFor(() => expect(none.current).toMatchObject({ messages: [], loading: false }))
  expect(asked).toEqual([])
  const seen = await render<LiveInbox>(() => useInbox('w1'))
  await vi.waitFor(() => expect(seen.current.messages).toEqual(list))
  list = [...list, { id: 'email:2' }]
  await act(() => emit('ravi://message', { workspace: 'w1', id: 'email:2', kind: 'email' }))
  await vi.waitFor(() => expect(seen.current.messages).toEqual(list))
})

it('useInbox follows from the first refresh after an outage on', async () => {
  let away = true
  let list = [{ id: 'email:1' }]
  mockIPC(
    (command) => {
      if (command.endsWith('workspace_status')) return { id: 'w1' }
      if (command.endsWith('inbox_watch')) return new Promise(() => {})
      if (away) throw { code: 'api.unreachable', message: 'away', hint: 'wait' }
      return command.endsWith('inbox_fence') ? { cursor: 7 } : list
    },
    { shouldMockEvents: true },
  )
  const seen = await render<LiveInbox>(() => useInbox('w1'))
  await vi.waitFor(() => expect(seen.current).toMatchObject({ loading: false, error: { code: 'api.unreachable' } }))
  away = false
  await act(() => seen.current.refresh())
  expect(seen.current).toMatchObject({ messages: list, error: null })
  list = [...list, { id: 'email:2' }]
  await act(() => emit('ravi://message', { workspace: 'w1', id: 'email:2', kind: 'email' }))
  await vi.waitFor(() => expect(seen.current.messages).toEqual(list))
})

it('stops listening when it goes', async () => {
  const list = vi.fn(() => [])
  mockIPC((command) => (command.endsWith('workspace_list') ? list() : undefined), { shouldMockEvents: true })
  const seen = await render<LiveWorkspaces>(useWorkspaces)
  await vi.waitFor(() => expect(seen.current.loading).toBe(false))
  await act(async () => root.render(null))
  await emit('ravi://workspace', { id: 'w1', workspace: null })
  expect(list).toHaveBeenCalledOnce()
})
