import { useId, useRef, useState, type FormEvent } from 'react'
import type { NewWorkspace } from './useWorkspaces'

export function AddForm({ onAdd }: { onAdd: (workspace: NewWorkspace) => Promise<boolean> }) {
  const [path, setPath] = useState('')
  const [name, setName] = useState('')
  const [phone, setPhone] = useState(false)
  const first = useRef<HTMLInputElement>(null)
  const id = useId()

  const submit = (event: FormEvent) => {
    event.preventDefault()
    void onAdd({ id: crypto.randomUUID(), path: path.trim(), name: name.trim(), phone })
    setPath('')
    setName('')
    first.current?.focus()
  }

  return (
    <form onSubmit={submit} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Add a workspace</h2>
      <div className="fields">
        <label htmlFor={`${id}-path`}>
          Folder
          <input
            id={`${id}-path`}
            ref={first}
            name="path"
            value={path}
            onChange={(event) => setPath(event.target.value)}
            placeholder="/home/me/worktrees/payments"
            spellCheck={false}
            autoComplete="off"
            required
          />
        </label>
        <label htmlFor={`${id}-name`}>
          Name
          <input
            id={`${id}-name`}
            name="name"
            value={name}
            onChange={(event) => setName(event.target.value)}
            placeholder="payments agent"
            autoComplete="off"
            required
          />
        </label>
        <button type="submit" className="primary">
          Add workspace
        </button>
      </div>
      <label className="check" htmlFor={`${id}-phone`}>
        <input id={`${id}-phone`} name="phone" type="checkbox" checked={phone} onChange={(event) => setPhone(event.target.checked)} />
        Also ask for a phone number
      </label>
    </form>
  )
}
