import { clearMocks, mockIPC } from '@tauri-apps/api/mocks'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ErrorBody, Progress, Provisioned } from './bindings'
import ravi, { RaviError } from './index'

interface Call {
  command: string
  args: Record<string, unknown>
}

/** What Tauri's `Channel` registers for the page, as the Rust side would call it. */
interface Internals {
  runCallback(id: number, message: unknown): void
}

const refusal: ErrorBody = { code: 'policy.scope', message: 'this window may not use it', hint: 'widen the scope' }
const provisioned: Provisioned = {
  id: 'w1',
  path: '/work/w1',
  state: 'ready',
  identity: { uuid: 'made-up', name: 'payments agent', email: 'payments-agent@example.com', phone: null },
  git: null,
  github: { source: 'inherited', secret: null },
  sharing: null,
  key: true,
  warnings: [],
}
const step: Progress = { id: 'w1', step: 'identity', state: 'done', at_ms: 1 }

afterEach(clearMocks)

/** Answers every command with `answer`, and returns the list of what was called. */
function answering(answer: (call: Call) => unknown): Call[] {
  const calls: Call[] = []
  mockIPC((command, args) => {
    const call = { command, args: args as Call['args'] }
    calls.push(call)
    return answer(call)
  })
  return calls
}

/** Sends channel messages in the given order of `index`. */
function send(call: Call, ...messages: { index: number; message: unknown }[]): void {
  const { id } = call.args['onEvent'] as { id: number }
  const internals = (window as unknown as { __TAURI_INTERNALS__: Internals }).__TAURI_INTERNALS__
  for (const message of messages) internals.runCallback(id, message)
}

describe('commands that answer at once', () => {
  it.each<[string, () => Promise<unknown>, string, object]>([
    ['account.status', () => ravi.account.status(), 'account_status', {}],
    ['account.cancelLogin', () => ravi.account.cancelLogin(), 'account_cancel', {}],
    ['account.logout', () => ravi.account.logout(), 'account_logout', {}],
    ['account.chooseHost', () => ravi.account.chooseHost('Agents'), 'account_choose_host', { identity: 'Agents' }],
    ['account.makeHost', () => ravi.account.makeHost(), 'account_make_host', {}],
    ['secrets.get', () => ravi.secrets.get('CODEX_MONITOR_DAEMON_TOKEN'), 'secret_get', { key: 'CODEX_MONITOR_DAEMON_TOKEN' }],
    ['secrets.set', () => ravi.secrets.set('A', 'made-up'), 'secret_set', { key: 'A', value: 'made-up' }],
    ['secrets.delete', () => ravi.secrets.delete('A'), 'secret_delete', { key: 'A' }],
    ['secrets.rotate', () => ravi.secrets.rotate('A'), 'secret_rotate', { key: 'A' }],
    ['secrets.rotate to', () => ravi.secrets.rotate('A', { value: 'b' }), 'secret_rotate', { key: 'A', value: 'b' }],
    ['secrets.names', () => ravi.secrets.names(), 'secret_names', {}],
    ['settings.plan', () => ravi.settings.plan('/s.json', []), 'settings_plan', { file: '/s.json', places: [] }],
    ['settings.migrate', () => ravi.settings.migrate('/s.json', []), 'settings_migrate', { file: '/s.json', places: [] }],
    ['settings.undo', () => ravi.settings.undo('/s.json'), 'settings_undo', { file: '/s.json' }],
    ['seal.status', () => ravi.seal.status(), 'seal_status', {}],
    ['seal.enable', () => ravi.seal.enable('p'), 'seal_enable', { passphrase: 'p' }],
    ['seal.unlock', () => ravi.seal.unlock('p'), 'seal_unlock', { passphrase: 'p' }],
    ['seal.rotate', () => ravi.seal.rotate('p'), 'seal_rotate', { passphrase: 'p' }],
    ['power.status', () => ravi.power.status(), 'power_status', {}],
    ['power.on', () => ravi.power.on(), 'power_on', {}],
    ['power.off', () => ravi.power.off(), 'power_off', {}],
    ['power.renew', () => ravi.power.renew(), 'power_renew', {}],
    ['codex.status', () => ravi.codex.status(), 'codex_status', { choice: {} }],
    ['codex.save', () => ravi.codex.save({ force: true }), 'codex_save', { choice: { force: true } }],
    ['codex.restore', () => ravi.codex.restore({ home: '/c' }), 'codex_restore', { choice: { home: '/c' } }],
    ['workspaces.suspend', () => ravi.workspaces.suspend('w1'), 'workspace_suspend', { target: 'w1' }],
    ['audit.query', () => ravi.audit.query({ secret: 'A' }), 'audit_query', { filter: { secret: 'A' } }],
    ['audit.verify', () => ravi.audit.verify(), 'audit_verify', {}],
    ['inbox.list', () => ravi.inbox.list('w1'), 'inbox_list', { target: 'w1', filter: {} }],
    ['inbox.get', () => ravi.inbox.get('w1', 'email:1'), 'inbox_get', { target: 'w1', id: 'email:1' }],
    ['inbox.markRead', () => ravi.inbox.markRead('w1', 'email:1'), 'inbox_mark_read', { target: 'w1', id: 'email:1' }],
    ['inbox.fence', () => ravi.inbox.fence('w1'), 'inbox_fence', { target: 'w1' }],
    ['registrations.list', () => ravi.registrations.list('w1'), 'registration_list', { target: 'w1' }],
    [
      'registrations.delete',
      () => ravi.registrations.delete('w1', 'example.com', 'u'),
      'registration_delete',
      { target: 'w1', domain: 'example.com', username: 'u' },
    ],
    ['doctor', () => ravi.doctor(), 'doctor', {}],
    ['workspaces.env', () => ravi.workspaces.env('/w'), 'workspace_env', { path: '/w' }],
    ['workspaces.owed', () => ravi.workspaces.owed(), 'workspace_owed', {}],
    ['workspaces.reapPlan', () => ravi.workspaces.reapPlan(), 'workspace_reap_plan', {}],
    ['workspaces.list', () => ravi.workspaces.list(), 'workspace_list', {}],
    ['workspaces.status', () => ravi.workspaces.status('/w'), 'workspace_status', { path: '/w' }],
  ])('%s', async (_name, run, command, args) => {
    const calls = answering(() => 'the answer')
    expect(await run()).toBe('the answer')
    expect(calls).toEqual([{ command: `plugin:ravi|${command}`, args }])
  })
})

describe('errors', () => {
  it('keep code, message and hint', async () => {
    answering(() => Promise.reject(refusal))
    const error = await ravi.secrets.get('A').catch((e: unknown) => e)
    expect(error).toBeInstanceOf(RaviError)
    expect(error).toMatchObject({ name: 'RaviError', ...refusal })
  })

  it("of Tauri's own are RaviErrors too", async () => {
    answering(() => Promise.reject('ravi.secret_get not allowed'))
    await expect(ravi.secrets.get('A')).rejects.toMatchObject({
      code: 'ipc.refused',
      message: 'ravi.secret_get not allowed',
      hint: expect.stringContaining('capability'),
    })
  })
})

describe('long calls', () => {
  it('tell their steps and resolve with the last message', async () => {
    const calls = answering((call) => {
      send(call, { index: 0, message: { event: 'progress', data: step } })
      send(call, { index: 1, message: { event: 'finished', data: provisioned } })
      return provisioned
    })
    const onProgress = vi.fn()
    const request = { path: '/work/w1', id: 'w1', name: 'payments agent' }
    expect(await ravi.workspaces.provision(request, { onProgress })).toEqual(provisioned)
    expect(onProgress.mock.calls).toEqual([[step]])
    expect(calls[0]).toMatchObject({ command: 'plugin:ravi|workspace_provision', args: { request } })
  })

  it('wait for messages that the answer has overtaken', async () => {
    const [call] = await startedWithAnswer(() => provisioned)
    const seen: string[] = []
    void call.promise.then(() => seen.push('end'))
    await Promise.resolve()
    expect(seen).toEqual([])
    send(call.call, { index: 1, message: { event: 'finished', data: provisioned } })
    send(call.call, { index: 0, message: { event: 'progress', data: step } })
    await call.promise
    expect(call.steps).toEqual([step])
  })

  it('reject with the last message, after the steps', async () => {
    const [call] = await startedWithAnswer(() => Promise.reject(refusal))
    send(call.call, { index: 0, message: { event: 'progress', data: { ...step, state: 'failed' } } })
    send(call.call, { index: 1, message: { event: 'failed', data: refusal } })
    await expect(call.promise).rejects.toMatchObject(refusal)
    expect(call.steps).toHaveLength(1)
  })

  it('reject where Tauri never ran the command', async () => {
    answering(() => Promise.reject('ravi.workspace_release not allowed'))
    await expect(ravi.workspaces.release('w1')).rejects.toMatchObject({ code: 'ipc.refused' })
  })

  it('survive a callback that throws', async () => {
    const thrown = vi.fn((event: ErrorEvent) => event.preventDefault())
    const queued = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((task) => {
      try {
        task()
      } catch (error) {
        thrown(error as ErrorEvent)
      }
    })
    answering((call) => {
      send(call, { index: 0, message: { event: 'progress', data: step } })
      send(call, { index: 1, message: { event: 'finished', data: provisioned } })
    })
    thrown.mockImplementation(() => {})
    const onProgress = () => {
      throw new Error('made-up')
    }
    await expect(ravi.workspaces.release('w1', { retire: true, onProgress })).resolves.toEqual(provisioned)
    expect(thrown).toHaveBeenCalledOnce()
    queued.mockRestore()
  })

  it('show the prompt of a login', async () => {
    const prompt = { user_code: 'ABCD-1234', url: 'https://ravi.example/d', fallback_url: '', expires_in_s: 600 }
    const account = { server: 'https://ravi.example', source: 'login', key: 'management', host: null }
    answering((call) => {
      send(call, { index: 0, message: { event: 'progress', data: prompt } })
      send(call, { index: 1, message: { event: 'finished', data: account } })
    })
    const onPrompt = vi.fn()
    expect(await ravi.account.login({ onPrompt })).toEqual(account)
    expect(onPrompt).toHaveBeenCalledWith(prompt)
  })

  it('end a login by its signal, and tell the plugin', async () => {
    const calls = answering(({ command }) => (command.endsWith('account_login') ? new Promise(() => {}) : true))
    const controller = new AbortController()
    const onPrompt = vi.fn()
    const login = ravi.account.login({ onPrompt, signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(login).rejects.toThrow('enough')
    expect(calls.map(({ command }) => command)).toEqual(['plugin:ravi|account_login', 'plugin:ravi|account_cancel'])
    // The code arrives late: it is shown to nobody, and the login is cancelled again.
    send(calls[0] as Call, { index: 0, message: { event: 'progress', data: {} } })
    expect(onPrompt).not.toHaveBeenCalled()
    expect(calls).toHaveLength(3)
  })

  it('end a wait by its signal, by the number of the call', async () => {
    const calls = answering(({ command }) => (command.endsWith('inbox_wait') ? new Promise(() => {}) : true))
    const controller = new AbortController()
    const wait = ravi.inbox.waitCode('w1', { since: 7, signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(wait).rejects.toThrow('enough')
    const [first, second] = calls as [Call, Call]
    expect(first.args).toMatchObject({ target: 'w1', request: { since: 7 }, want: 'code' })
    expect(second).toEqual({ command: 'plugin:ravi|call_cancel', args: { call: first.args['call'] } })
  })

  it('end a wait that the plugin learns of after its end', async () => {
    let known = false
    const calls = answering(({ command }) => {
      if (command.endsWith('inbox_wait')) return new Promise(() => {})
      const answer = known
      known = true
      return answer
    })
    const controller = new AbortController()
    const wait = ravi.inbox.wait('w1', { signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(wait).rejects.toThrow('enough')
    await vi.waitFor(() => expect(calls.map(({ command }) => command.slice(12))).toEqual(['inbox_wait', 'call_cancel', 'call_cancel']))
  })

  it('do not begin where the signal was given before', async () => {
    const calls = answering(() => true)
    const login = ravi.account.login({ onPrompt: vi.fn(), signal: AbortSignal.abort() })
    await expect(login).rejects.toThrow()
    expect(calls).toEqual([])
  })

  /** A provision whose command has already returned, while nothing has arrived on its channel. */
  async function startedWithAnswer(answer: () => unknown) {
    const steps: Progress[] = []
    const calls = answering(answer)
    const promise = ravi.workspaces.provision(
      { path: '/work/w1', id: 'w1', name: 'payments agent' },
      { onProgress: (progress) => steps.push(progress) },
    )
    promise.catch(() => {})
    await vi.waitFor(() => expect(calls).toHaveLength(1))
    const call = calls[0] as Call
    return [{ call, promise, steps }] as const
  }
})

describe('events', () => {
  it('are unpacked, until unlistened', async () => {
    mockIPC(() => undefined, { shouldMockEvents: true })
    const { emit } = await import('@tauri-apps/api/event')
    const seen: unknown[] = []
    const unlisten = await ravi.workspaces.onChange((change) => seen.push(change))
    await ravi.secrets.onChange((change) => seen.push(change))
    await ravi.account.onChange((change) => seen.push(change))
    await ravi.power.onChange((status) => seen.push(status))
    await ravi.workspaces.onProgress((progress) => seen.push(progress))
    await emit('ravi://workspace', { id: 'w1', workspace: null })
    await emit('ravi://account', { account: null })
    await emit('ravi://secret', { key: 'A' })
    await emit('ravi://power', { on: false, asked: true, error: null })
    await emit('ravi://progress', step)
    unlisten()
    await emit('ravi://workspace', { id: 'w2', workspace: null })
    const power = { on: false, asked: true, error: null }
    expect(seen).toEqual([{ id: 'w1', workspace: null }, { account: null }, { key: 'A' }, power, step])
  })

  it('of messages come once each, from the fence on, for the workspace alone', async () => {
    const calls: Call[] = []
    const answers: Record<string, unknown> = { workspace_status: { id: 'w1' }, inbox_fence: { cursor: 7 }, call_cancel: true }
    mockIPC(
      (command, args) => {
        calls.push({ command, args: args as Call['args'] })
        return answers[command.slice('plugin:ravi|'.length)] ?? new Promise(() => {})
      },
      { shouldMockEvents: true },
    )
    const { emit } = await import('@tauri-apps/api/event')
    const handler = vi.fn()
    const stop = await ravi.inbox.onMessage('/work/w1', handler)
    const message = { workspace: 'w1', id: 'email:1', kind: 'email' }
    for (const payload of [message, message, { ...message, workspace: 'w2', id: 'email:2' }]) await emit('ravi://message', payload)
    expect(handler.mock.calls).toEqual([[message]])
    const watch = calls.find(({ command }) => command.endsWith('inbox_watch'))
    expect(watch?.args).toMatchObject({ target: '/work/w1', since: 7 })
    stop()
    expect(calls.at(-1)).toEqual({ command: 'plugin:ravi|call_cancel', args: { call: watch?.args['call'] } })
  })
})
