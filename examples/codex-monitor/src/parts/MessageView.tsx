import { useCallback, useEffect } from 'react'
import ravi, { type InboxMessage } from 'tauri-plugin-ravi-api'
import { useLoad } from '../hooks/useLoad'
import { pickedOut } from '../tauri'
import { CopyButton } from './CopyButton'
import { ErrorNotice } from './ErrorNotice'
import { Loading } from './Page'
import { timeWords } from './time'

interface Props {
  workspace: string
  id: string
  onRead: () => unknown
}

/** A message with its code and link picked out. Its HTML comes from a stranger and is never shown. */
export function MessageView({ workspace, id, onRead }: Props) {
  const { data: message, error, reload } = useLoad(useCallback(() => ravi.inbox.get(workspace, id), [workspace, id]))

  useEffect(() => {
    // If it cannot be marked, it simply stays unread.
    ravi.inbox.markRead(workspace, id).then(onRead, () => {})
  }, [workspace, id, onRead])

  if (error) return <ErrorNotice error={error} action={{ label: 'Try again', run: reload }} />
  if (!message) return <Loading what="the message" />
  return (
    <article className="card message-view" aria-label={message.subject || 'Message'}>
      <header>
        <div>
          <h2>{message.subject || 'Text message'}</h2>
          <p className="quiet">
            {message.from_name ? `${message.from_name} <${message.from}>` : message.from}, {timeWords(message.at)}
          </p>
        </div>
      </header>
      <PickedOut message={message} />
      <p className="text">{message.text}</p>
      {message.files.length > 0 && <p className="quiet">Attached: {message.files.map(({ filename }) => filename).join(', ')}</p>}
    </article>
  )
}

function PickedOut({ message }: { message: InboxMessage }) {
  const { data: found } = useLoad(useCallback(() => pickedOut(message), [message]))
  if (!found || (!found.code && !found.link)) return null
  return (
    <dl className="picked" aria-label="Picked out">
      {found.code && (
        <>
          <dt>Code</dt>
          <dd>
            <strong>{found.code.value}</strong> <CopyButton text={found.code.value} name="code" />
          </dd>
        </>
      )}
      {found.link && (
        <>
          <dt>Link{found.link.host && ` to ${found.link.host}`}</dt>
          <dd>
            <code>{found.link.url}</code> <CopyButton text={found.link.url} name="link" />
          </dd>
        </>
      )}
    </dl>
  )
}
