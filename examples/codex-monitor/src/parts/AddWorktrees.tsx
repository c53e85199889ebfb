import { useState } from 'react'
import type { Entry } from '../tauri'
import { ErrorNotice } from './ErrorNotice'
import { Field } from './Field'
import { useSubmit } from './useSubmit'

interface Props {
  repository: Entry
  onAdd: (repository: Entry, branches: string[], phone: boolean) => Promise<void>
}

export function AddWorktrees({ repository, onAdd }: Props) {
  const [text, setText] = useState('')
  const [phone, setPhone] = useState(false)
  const branches = [...new Set(text.split(/[\s,]+/).filter(Boolean))]
  const { busy, error, submit } = useSubmit(async () => {
    setText('')
    await onAdd(repository, branches, phone)
  })
  return (
    <form aria-label={`Add worktrees to ${repository.name}`} onSubmit={submit}>
      <div className="row">
        <Field label="New worktrees" value={text} onValue={setText} placeholder="payments, search, docs" help="Branch names; if you enter several, all are made at the same time." required />
        <label className="check">
          <input type="checkbox" checked={phone} onChange={(event) => setPhone(event.target.checked)} />
          With a phone number
        </label>
        <button type="submit" disabled={busy || branches.length === 0}>
          {branches.length > 1 ? `Add ${branches.length} worktrees` : 'Add worktree'}
        </button>
      </div>
      {error && <ErrorNotice error={error} />}
    </form>
  )
}
