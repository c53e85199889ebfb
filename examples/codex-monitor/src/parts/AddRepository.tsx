import { useState } from 'react'
import { ErrorNotice } from './ErrorNotice'
import { Field } from './Field'
import { useSubmit } from './useSubmit'

export function AddRepository({ onAdd }: { onAdd: (path: string) => Promise<void> }) {
  const [path, setPath] = useState('')
  const { busy, error, submit } = useSubmit(async () => {
    await onAdd(path.trim())
    setPath('')
  })
  return (
    <form className="card" aria-label="Add a repository" onSubmit={submit}>
      <div className="row">
        <Field label="Folder of a repository" value={path} onValue={setPath} placeholder="/home/me/code/shop" required />
        <button type="submit" className="primary" disabled={busy}>
          Add repository
        </button>
      </div>
      {error && <ErrorNotice error={error} />}
    </form>
  )
}
