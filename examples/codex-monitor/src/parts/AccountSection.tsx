import { AccountState } from 'tauri-plugin-ravi-api/react'
import { standIn } from '../tauri'

/** The signed-in account, and signing in with a code that is approved elsewhere, or right here at the stand-in. */
export function AccountSection({ local }: { local: boolean }) {
  return (
    <div className="card">
      <h2>Account</h2>
      <AccountState
        actions={({ user_code }) =>
          local && (
            <button type="button" className="primary" onClick={() => void standIn.approve(user_code)}>
              Approve at the stand-in
            </button>
          )
        }
      />
    </div>
  )
}
