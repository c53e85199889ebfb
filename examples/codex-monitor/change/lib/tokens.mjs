// What both scanners turn a source into: a flat list of tokens without comments and white space. A bracket knows its partner,
// so that a walk can skip what it encloses.
import { ChangeError } from './error.mjs'

const CLOSES = { '(': ')', '[': ']', '{': '}' }

/** Tokens in source order: `{ kind, text, start, end }`; brackets also have `pair`, the index of their partner. */
export class Tokens {
  constructor(source) {
    this.source = source
    this.list = []
    this.open = []
  }

  push(kind, start, end) {
    const token = { kind, text: this.source.slice(start, end), start, end }
    if (kind === 'punct' && token.text in CLOSES) this.open.push(this.list.length)
    else if (kind === 'punct' && Object.values(CLOSES).includes(token.text)) this.close(token)
    this.list.push(token)
    return token
  }

  close(token) {
    const pair = this.open.pop()
    if (pair === undefined || CLOSES[this.list[pair].text] !== token.text) throw unbalanced(this.source, token.start)
    token.pair = pair
    this.list[pair].pair = this.list.length
  }

  get last() {
    return this.list.at(-1)
  }

  finish() {
    if (this.open.length > 0) throw unbalanced(this.source, this.list[this.open.at(-1)].start)
    return this.list
  }
}

export function unbalanced(source, at) {
  const line = source.slice(0, at).split('\n').length
  const message = `line ${line}: a bracket, a string or a comment has no end`
  return new ChangeError('unbalanced', message, 'The file is incomplete; fix it first.')
}

/** The end of the text that begins at `from` and ends with `quote`, with backslash as the escape character. */
export function stringEnd(source, from, quote) {
  for (let at = from + 1; at < source.length; at += 1) {
    if (source[at] === '\\') at += 1
    else if (source[at] === quote) return at + 1
  }
  throw unbalanced(source, from)
}

export function lineEnd(source, from) {
  const at = source.indexOf('\n', from)
  return at < 0 ? source.length : at
}
