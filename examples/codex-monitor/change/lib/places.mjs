// A place is found in a file, or the error says in words what was looked for.
import { ChangeError } from './error.mjs'

const OTHER = 'The app has changed here; add the line by hand, or use the version that docs/codex-monitor.md names.'

export function place(words, find) {
  return { words, find }
}

export function missing(what, file) {
  return new ChangeError('anchor_missing', `${file.name}: there is no ${what}`, OTHER)
}

export function ambiguous(what, file) {
  return new ChangeError('anchor_ambiguous', `${file.name}: there is more than one ${what}`, OTHER)
}

/** The only element of `found`. */
export function only(found, what, file) {
  if (found.length === 0) throw missing(what, file)
  if (found.length > 1) throw ambiguous(what, file)
  return found[0]
}
