import { useState } from 'react'

/** Copies `text`, and says so until the pointer or the focus leaves. */
export function CopyButton({ text, name }: { text: string; name: string }) {
  const [said, say] = useState('')
  const copy = () => {
    navigator.clipboard.writeText(text).then(
      () => say('Copied'),
      () => say('Select it and copy by hand'),
    )
  }
  return (
    <>
      <button type="button" className="small" aria-label={`Copy ${name}`} onClick={copy} onBlur={() => say('')}>
        {said === 'Copied' ? 'Copied' : 'Copy'}
      </button>
      <span className="hidden" role="status">
        {said}
      </span>
    </>
  )
}
