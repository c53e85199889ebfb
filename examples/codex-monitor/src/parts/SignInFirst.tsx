import { useAccount } from '../hooks/useAccount'
import { Empty } from './Page'

/** Shown on a page that needs an account while nobody is signed in. */
export function SignInFirst({ onSignIn }: { onSignIn: () => void }) {
  const { connection } = useAccount()
  if (connection.state !== 'signed-out') return null
  return (
    <div className="callout">
      <Empty title="Nobody is signed in">Sign in to Ravi, and every worktree gets its own identity.</Empty>
      <button type="button" className="primary" onClick={onSignIn}>
        Go to sign in
      </button>
    </div>
  )
}
