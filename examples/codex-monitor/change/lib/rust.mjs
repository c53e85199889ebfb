// Enough of Rust to know where a function's statements begin and end.
import { lineEnd, stringEnd, Tokens, unbalanced } from './tokens.mjs'

const WORD = /[\p{L}_][\p{L}\p{N}_]*/uy
const NUMBER = /\d[\w]*(?:\.\d[\w]*)?/y
const RAW_STRING = /(?:b|c)?r(#*)"/y
const STRING = /(?:b|c)?"/y
const CHARACTER = /b?'(?:\\(?:u\{[^}]*\}|x..|.)|[^\\'])'/uy
const LIFETIME = /'[\p{L}_][\p{L}\p{N}_]*/uy
const LONG = ['->', '=>', '::', '==', '!=', '<=', '&&', '||', '..']
/** A `{` after one of these belongs to the condition of an `if`, `while`, `for` or `match`, and is not its body. */
const NO_BODY_AFTER = new Set([
  ...['=', '==', '!=', '<', '>', '<=', '&&', '||', '&', '|', '!', '+', '-', '*', '/', '=>'],
  ...['unsafe', 'async', 'move', 'match', 'if', 'in', 'loop', 'const'],
])
const CONDITION = new Set(['if', 'while', 'for', 'match'])
const BLOCK = new Set([
  ...['loop', 'unsafe', 'async', 'const', 'fn', 'impl', 'trait', 'mod', 'struct', 'enum', 'union', 'extern', 'pub'],
  ...['macro_rules', '{'],
])

function match(pattern, source, at) {
  pattern.lastIndex = at
  return pattern.exec(source)
}

export function scanRust(source) {
  const tokens = new Tokens(source)
  for (let at = 0; at < source.length; ) {
    const found = next(source, at)
    if (found.kind) tokens.push(found.kind, at, found.end)
    at = found.end
  }
  return tokens.finish()
}

function next(source, at) {
  if (/\s/.test(source[at])) return { end: at + 1 }
  if (source.startsWith('//', at)) return { end: lineEnd(source, at) }
  if (source.startsWith('/*', at)) return { end: commentEnd(source, at) }
  const raw = match(RAW_STRING, source, at)
  if (raw) {
    const end = source.indexOf(`"${raw[1]}`, RAW_STRING.lastIndex)
    if (end < 0) throw unbalanced(source, at)
    return { kind: 'string', end: end + 1 + raw[1].length }
  }
  if (match(STRING, source, at)) return { kind: 'string', end: stringEnd(source, STRING.lastIndex - 1, '"') }
  if (match(CHARACTER, source, at)) return { kind: 'string', end: CHARACTER.lastIndex }
  if (match(LIFETIME, source, at)) return { kind: 'lifetime', end: LIFETIME.lastIndex }
  if (match(WORD, source, at)) return { kind: 'word', end: WORD.lastIndex }
  if (match(NUMBER, source, at)) return { kind: 'number', end: NUMBER.lastIndex }
  const long = LONG.find((one) => source.startsWith(one, at))
  return { kind: 'punct', end: at + (long ?? source[at]).length }
}

/** Block comments are nested. */
function commentEnd(source, from) {
  let depth = 0
  for (let at = from; at < source.length; at += 1) {
    if (source.startsWith('/*', at)) {
      depth += 1
      at += 1
    } else if (source.startsWith('*/', at)) {
      depth -= 1
      at += 1
      if (depth === 0) return at + 1
    }
  }
  throw unbalanced(source, from)
}

/** The body of the function whose name is at `name`: `[index of {, index of }]`; none if the function is only declared. */
export function functionBody(tokens, name) {
  let angles = 0
  for (let at = name + 1; at < tokens.length; at += 1) {
    const { text } = tokens[at]
    if (text === '<') angles += 1
    else if (text === '>') angles -= 1
    else if (text === ';') return null
    // A brace between angle brackets is a constant.
    else if (text === '{' && angles === 0) return [at, tokens[at].pair]
    if ('([{'.includes(text) && tokens[at].pair > at) at = tokens[at].pair
  }
  return null
}

/** The statements between two braces, each `[first token, last token]`; the last expression is one of them. */
export function statements(tokens, [open, close]) {
  const all = []
  for (let at = open + 1; at < close; ) {
    const end = statementEnd(tokens, at, close)
    all.push([at, end])
    at = end + 1
  }
  return all
}

function statementEnd(tokens, from, close) {
  let at = afterAttributes(tokens, from)
  if (tokens[at].kind === 'lifetime' && tokens[at + 1]?.text === ':') at += 2
  const first = tokens[at].text
  const isMacro = tokens[at + 1]?.text === '!' && tokens[at + 2]?.text === '{'
  let isBlock = BLOCK.has(first) || CONDITION.has(first) || isMacro
  let inCondition = CONDITION.has(first)
  for (; at < close; at += 1) {
    const token = tokens[at]
    if (token.text === ';' && token.kind === 'punct') return at
    if (token.kind !== 'punct' || token.pair === undefined) continue
    const isBody = token.text === '{' && !(inCondition && NO_BODY_AFTER.has(tokens[at - 1].text) && at > from)
    at = token.pair
    if (!isBlock || !isBody) continue
    const following = tokens[at + 1]?.text
    if (following === 'else') {
      inCondition = tokens[at + 2]?.text === 'if'
      if (inCondition) at += 2
    } else if (following === '.' || following === '?') isBlock = false
    else if (following === ';') return at + 1
    else if (at + 1 < close) return at
  }
  return close - 1
}

/** The first token after `#[…]`. */
export function afterAttributes(tokens, from) {
  let at = from
  while (tokens[at].text === '#') {
    const bracket = tokens[at + 1].text === '!' ? at + 2 : at + 1
    at = tokens[bracket].pair + 1
  }
  return at
}
