// The text of a file with our lines in it, each marked, and without them. Only whole lines are added, so removing them is enough
// to get the original file back.
import { ChangeError } from './error.mjs'

const MARKS = { slashes: ' // +ravi', hash: ' # +ravi', jsx: '{/* +ravi */}' }
const MARKED = /(?:\/\/|#|\{\/\*) \+ravi(?: \*\/\})?$/
/** JSON has no comments, so the line is recognised by its key. */
const MARKED_JSON = /^\s*"tauri-plugin-ravi-api":/

/** The lines of `source`, each with its line ending. */
function linesOf(source) {
  return source.match(/[^\n]*\n|[^\n]+$/g) ?? []
}

export function isMarked(name, line) {
  return name.endsWith('.json') ? MARKED_JSON.test(line) : MARKED.test(line.trimEnd())
}

/** `source` without our lines. */
export function without(name, source) {
  return linesOf(source)
    .filter((line) => !isMarked(name, line))
    .join('')
}

/** Our lines in `source`, without indentation and line ending. */
export function marked(name, source) {
  return linesOf(source)
    .filter((line) => isMarked(name, line))
    .map((line) => line.trim())
}

/** `source`, which has none of our lines, with those of `edits`. Throws if a place is not found. */
export function withEdits(name, source, edits) {
  const file = { name, source }
  const lines = linesOf(source)
  const newline = lines[0]?.endsWith('\r\n') ? '\r\n' : '\n'
  /** Line number → what is put before it. */
  const added = new Map()
  for (const edit of edits) {
    found(edit.at, file).forEach((point, index) => {
      const { line, indent } = lineOf(file, lines, point, edit.at.words)
      const texts = index === 0 ? edit.add : edit.close
      const marked = texts.map((text) => indent + text + mark(name, point) + newline)
      added.set(line, [...(added.get(line) ?? []), ...marked])
    })
  }
  const all = lines.flatMap((line, number) => [...(added.get(number) ?? []), line])
  return [...all, ...(added.get(lines.length) ?? [])].join('')
}

function found(place, file) {
  try {
    return place.find(file)
  } catch (error) {
    if (error.code === 'change.unbalanced') error.message = `${file.name}: ${error.message}`
    throw error
  }
}

/** The number of the line before which something is put, and its indentation. */
function lineOf(file, lines, point, words) {
  let number = 0
  let start = 0
  while (number < lines.length - 1 && start + lines[number].length <= point.at) start += lines[number++].length
  const line = lines[number]
  const [left, right] = [line.slice(0, point.at - start), line.slice(point.at - start)]
  const isAlone = point.side === 'before' ? left.trim() === '' : /^[\s,;]*(\/\/.*)?\s*$/.test(right)
  if (!isAlone || (point.side === 'after' && !line.endsWith('\n'))) {
    const message = `${file.name}: ${words}: there is more on that line`
    throw new ChangeError('anchor_inline', message, 'Break the line there, then try again.')
  }
  const unit = file.name.endsWith('.rs') ? '    ' : '  '
  const own = /^[ \t]*/.exec(point.from === undefined ? line : lineAt(file.source, point.from))[0]
  return { line: point.side === 'before' ? number : number + 1, indent: point.deeper ? own + unit : own }
}

function lineAt(source, at) {
  return source.slice(source.lastIndexOf('\n', at - 1) + 1)
}

function mark(name, point) {
  if (name.endsWith('.json')) return ''
  if (name.endsWith('.toml')) return MARKS.hash
  return point.jsx ? MARKS.jsx : MARKS.slashes
}
