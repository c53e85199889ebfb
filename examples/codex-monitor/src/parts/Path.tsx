/** A parent folder that is longer than this, such as one named by a uuid, tells a person nothing. */
const LONGEST_PARENT = 20

/** A path short enough for a card: its last two parts; the whole of it is in the tooltip. */
export function Path({ path }: { path: string }) {
  const parts = path.split(/[\\/]/).filter(Boolean)
  const [parent = '', name = ''] = parts.slice(-2)
  const short = parts.length > 2 ? `…/${parent.length > LONGEST_PARENT ? '' : `${parent}/`}${name}` : path
  return (
    <span className="path quiet" title={path}>
      <span aria-hidden="true">{short}</span>
      <span className="hidden">{path}</span>
    </span>
  )
}
