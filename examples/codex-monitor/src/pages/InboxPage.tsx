import { useEffect, useState } from 'react'
import { useInbox, useWorkspaces } from 'tauri-plugin-ravi-api/react'
import { useAccount } from '../hooks/useAccount'
import { ErrorNotice } from '../parts/ErrorNotice'
import { MessageList } from '../parts/MessageList'
import { MessageView } from '../parts/MessageView'
import { Empty, Loading, Page } from '../parts/Page'
import { SignInFirst } from '../parts/SignInFirst'
import { WorkspaceChoice } from '../parts/WorkspaceChoice'
import { standIn } from '../tauri'

interface Props {
  /** The workspace to show first. */
  chosen: string | undefined
  local: boolean
  onSignIn: () => void
}

export function InboxPage({ chosen, local, onSignIn }: Props) {
  const [picked, pick] = useState(chosen)
  const { workspaces, loading } = useWorkspaces()
  const ready = workspaces.filter(({ state }) => state === 'ready')
  const workspace = ready.find(({ id }) => id === picked) ?? ready[0]
  return (
    <Page title="Inbox" lead="Messages to an agent's address and number, with codes and links picked out.">
      <SignInFirst onSignIn={onSignIn} />
      {loading && <Loading what="the workspaces" />}
      {!loading && !workspace && <Empty title="No inbox yet">Every worktree gets one with its identity.</Empty>}
      {workspace && (
        <>
          <div className="row">
            <WorkspaceChoice workspaces={ready} value={workspace.id} onValue={pick} />
            {local && workspace.identity && <SampleMail to={workspace.identity.email} />}
          </div>
          <Messages key={workspace.id} workspace={workspace.id} />
        </>
      )}
    </Page>
  )
}

function SampleMail({ to }: { to: string }) {
  return (
    <button type="button" onClick={() => void standIn.mail(to)}>
      Send it a sample mail
    </button>
  )
}

function Messages({ workspace }: { workspace: string }) {
  const { messages, loading, error, refresh } = useInbox(workspace)
  const [opened, open] = useState<string>()
  const { connection, note } = useAccount()
  useEffect(() => {
    if (error) note(error)
  }, [error, note])
  useEffect(() => {
    if (connection.state === 'ready') void refresh()
  }, [connection.state, refresh])
  return (
    <>
      {error && <ErrorNotice error={error} action={{ label: 'Try again', run: () => void refresh() }} />}
      {loading && <Loading what="the inbox" />}
      {!loading && !error && messages.length === 0 && (
        <Empty title="Nothing has arrived yet">Mails and text messages appear here automatically.</Empty>
      )}
      {messages.length > 0 && (
        <div className="inbox">
          <MessageList messages={[...messages].reverse()} opened={opened} onOpen={open} />
          {opened ? (
            <MessageView key={opened} workspace={workspace} id={opened} onRead={refresh} />
          ) : (
            <Empty title="No message chosen">Choose one to read it.</Empty>
          )}
        </div>
      )}
    </>
  )
}
