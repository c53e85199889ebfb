import type { InboxItem } from 'tauri-plugin-ravi-api'
import { timeWords } from './time'

interface Props {
  messages: InboxItem[]
  opened: string | undefined
  onOpen: (id: string) => void
}

export function MessageList({ messages, opened, onOpen }: Props) {
  return (
    <ul className="messages" aria-label="Messages">
      {messages.map((message) => (
        <li key={message.id}>
          <button type="button" aria-current={message.id === opened ? 'true' : undefined} onClick={() => onOpen(message.id)}>
            <span className="from">
              {!message.read && <span className="unread">Unread</span>}
              {message.from_name ?? message.from}
            </span>
            <span className="quiet">{timeWords(message.at)}</span>
            <strong>{message.subject || (message.kind === 'sms' ? 'Text message' : 'No subject')}</strong>
            <span className="quiet preview">{message.preview}</span>
          </button>
        </li>
      ))}
    </ul>
  )
}
