import { describe, expect, it } from 'vitest'
import refusals from '../tests/plugin/refusals.json'
import { RaviError } from './index'

// The file contains what Tauri says in a development build; a test of the plugin checks that it does.
describe('refusals of Tauri', () => {
  it.each(refusals)('$name: $code', ({ command, text, code, hint }) => {
    const error = RaviError.from(text, command)
    expect(error.code).toBe(code)
    expect(error.message).toBe(text)
    expect(error.hint).toContain(hint)
  })
})

describe('refusals of Tauri in a release build', () => {
  it.each([
    ['Command plugin:ravi|workspace_provision not allowed by ACL', 'ipc.refused', 'Add `ravi:allow-workspace-provision` to'],
    ['Command plugin:ravi|secret_get not allowed by ACL', 'ipc.refused', 'a scope that names the secrets'],
    ['Command plugin:event|listen not allowed by ACL', 'ipc.refused', '`core:event:allow-listen`'],
    ['Command power_level not found', 'ipc.unknown_command', 'older plugin'],
    ['plugin ravi not found', 'ipc.refused', 'tauri_plugin_ravi::init()'],
    ['ravi.power_level not allowed. Plugin not found', 'ipc.refused', 'tauri_plugin_ravi::init()'],
    ['something new', 'ipc.refused', 'capability'],
  ])('%s', (text, code, hint) => {
    const error = RaviError.from(text, 'plugin:ravi|power_level')
    expect(error).toMatchObject({ code, message: text })
    expect(error.hint).toContain(hint)
  })

  it("of the app's own commands", () => {
    expect(RaviError.from('Command my_own not found', 'my_own')).toMatchObject({
      code: 'ipc.unknown_command',
      hint: expect.stringContaining('invoke_handler'),
    })
  })
})
