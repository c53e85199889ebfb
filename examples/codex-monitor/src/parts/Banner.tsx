import { useAccount } from '../hooks/useAccount'
import { useLoad } from '../hooks/useLoad'
import { standIn, type About } from '../tauri'

/** Says which Ravi is used, and when it does not answer. */
export function Banner({ where }: { where: About }) {
  return (
    <div className="banners">
      {where.local ? <StandInBanner /> : <p className="banner">Ravi at {where.server}</p>}
      <OfflineBanner />
    </div>
  )
}

function StandInBanner() {
  const { check } = useAccount()
  const { data: running, reload } = useLoad(standIn.running)
  const flip = async () => {
    await standIn.switch(!running)
    reload()
    void check()
  }
  return (
    <aside className="banner stand-in" aria-label="Stand-in Ravi">
      <p>
        <strong>Stand-in Ravi.</strong> It runs inside this app, for trying things out: addresses are made up, and it is not a secure
        vault. Set <code>RAVI_API_URL</code> to use the real service.
      </p>
      {running !== undefined && (
        <button type="button" className="small" onClick={() => void flip()}>
          {running ? 'Pull the network' : 'Plug the network in'}
        </button>
      )}
    </aside>
  )
}

function OfflineBanner() {
  const { connection, check } = useAccount()
  if (connection.state !== 'offline') return null
  return (
    <div className="banner offline" role="alert">
      <p>
        <strong>Ravi does not answer.</strong> Agents keep working with what they have; whatever you start now continues when it is
        back. Retrying automatically.
      </p>
      <button type="button" className="small" onClick={() => void check()}>
        Try now
      </button>
    </div>
  )
}
