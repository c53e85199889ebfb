// Enough of TypeScript and JSX to know where functions, literals, types and elements begin and end.
import { lineEnd, stringEnd, Tokens, unbalanced } from './tokens.mjs'

const WORD = /[\p{L}_$][\p{L}\p{N}_$]*/uy
const NUMBER = /\d[\w.]*/y
const LONG = ['=>', '...', '?.', '??', '&&', '||', '===', '!==', '==', '!=', '<=', '>=']
/** After these an expression begins, so `/` opens a regular expression and `<` an element. */
const BEFORE_EXPRESSION = new Set([...'([{,;=:?!&|+-*%^~<', '=>', '&&', '||', '??', '===', '!==', '==', '!=', '<=', '>=', '...'])
const WORDS_BEFORE_EXPRESSION = new Set([
  ...['return', 'case', 'default', 'typeof', 'in', 'of', 'delete', 'void', 'throw', 'await', 'yield', 'else', 'do', 'export'],
])
const TAG = /<([\p{L}_$][\p{L}\p{N}_$.:-]*)?/uy
const ATTRIBUTE = /[\p{L}_$][\p{L}\p{N}_$.:-]*/uy

/** `{ tokens, elements }`; an element is `{ tag, classes, open: [start, end], close: [start, end] }`. */
export function scanTs(source, jsx = true) {
  const scanner = new Scanner(source, jsx)
  scanner.code(false)
  return { tokens: scanner.tokens.finish(), elements: scanner.elements }
}

class Scanner {
  constructor(source, jsx) {
    this.source = source
    this.jsx = jsx
    this.tokens = new Tokens(source)
    this.elements = []
    this.at = 0
  }

  /** Up to the end, or up to and including the `}` that closes what a template or an element has opened. */
  code(inside) {
    const { source, tokens } = this
    const depth = tokens.open.length
    while (this.at < source.length) {
      if (inside && source[this.at] === '}' && tokens.open.length === depth) {
        this.at += 1
        return
      }
      this.next()
    }
    if (inside) throw unbalanced(source, source.length)
  }

  next() {
    const { source, at } = this
    const char = source[at]
    if (/\s/.test(char)) this.at += 1
    else if (source.startsWith('//', at)) this.at = lineEnd(source, at)
    else if (source.startsWith('/*', at)) this.at = this.after('*/', at + 2)
    else if (char === '"' || char === "'") this.take('string', stringEnd(source, at, char))
    else if (char === '`') this.template()
    else if (char === '/' && this.isExpression()) this.take('regex', this.regexEnd())
    else if (char === '<' && this.jsx && this.isExpression() && this.isElement()) this.element()
    else if (this.match(WORD)) this.take('word', WORD.lastIndex)
    else if (this.match(NUMBER)) this.take('number', NUMBER.lastIndex)
    else this.take('punct', at + (LONG.find((one) => source.startsWith(one, at)) ?? char).length)
  }

  match(pattern) {
    pattern.lastIndex = this.at
    return pattern.exec(this.source)
  }

  take(kind, end) {
    this.tokens.push(kind, this.at, end)
    this.at = end
  }

  after(what, from) {
    const at = this.source.indexOf(what, from)
    if (at < 0) throw unbalanced(this.source, from)
    return at + what.length
  }

  isExpression() {
    const { last } = this.tokens
    if (!last) return true
    if (last.kind === 'word') return WORDS_BEFORE_EXPRESSION.has(last.text)
    return last.kind === 'punct' && BEFORE_EXPRESSION.has(last.text)
  }

  /** Whether this is an element or a fragment, and not type parameters: `<T,>(…)`, `<T extends …>(…)`. */
  isElement() {
    const tag = this.match(TAG)
    const rest = this.source.slice(TAG.lastIndex, TAG.lastIndex + 40)
    return tag[1] ? /^(\s|\/?>)/.test(rest) && !/^\s+extends\s/.test(rest) : rest.startsWith('>')
  }

  regexEnd() {
    let inClass = false
    for (let at = this.at + 1; at < this.source.length; at += 1) {
      const char = this.source[at]
      if (char === '\\') at += 1
      else if (char === '\n') break
      else if (char === '[') inClass = true
      else if (char === ']') inClass = false
      else if (char === '/' && !inClass) return at + 1
    }
    throw unbalanced(this.source, this.at)
  }

  template() {
    const { source } = this
    const from = this.at
    for (this.at += 1; this.at < source.length; ) {
      if (source[this.at] === '\\') this.at += 2
      else if (source.startsWith('${', this.at)) {
        this.at += 2
        // The code between the braces is not part of the tokens: only its end is looked for.
        new Nested(this).code(true)
      } else if (source[this.at] === '`') {
        this.tokens.push('string', from, (this.at += 1))
        return
      } else this.at += 1
    }
    throw unbalanced(source, from)
  }

  element() {
    const from = this.at
    const element = { tag: this.match(TAG)[1] ?? '', classes: '' }
    this.at = TAG.lastIndex
    const isClosed = this.attributes(element)
    element.open = [from, this.at]
    this.elements.push(element)
    if (!isClosed) this.children(element)
    element.close ??= element.open
    // The element counts as a value.
    this.tokens.push('element', from, this.at)
  }

  /** Up to and including `>`; returns whether the element has no children. */
  attributes(element) {
    const { source } = this
    while (this.at < source.length) {
      const char = source[this.at]
      if (source.startsWith('/>', this.at)) return ((this.at += 2), true)
      if (char === '>') return ((this.at += 1), false)
      if (char === '{') this.expression()
      else if (char === '"' || char === "'") this.at = this.after(char, this.at + 1)
      else if (source.startsWith('//', this.at)) this.at = lineEnd(source, this.at)
      else if (source.startsWith('/*', this.at)) this.at = this.after('*/', this.at + 2)
      else if (this.match(ATTRIBUTE)) this.attribute(element)
      else this.at += 1
    }
    throw unbalanced(source, element.open?.[0] ?? this.at)
  }

  attribute(element) {
    const [name] = this.match(ATTRIBUTE)
    this.at += name.length
    const value = /\s*=\s*/y
    if (!this.match(value)) return
    this.at = value.lastIndex
    const from = this.at
    const char = this.source[from]
    if (char === '{') this.expression()
    else if (char === '"' || char === "'") this.at = this.after(char, from + 1)
    if (name === 'className') element.classes = this.source.slice(from, this.at)
  }

  expression() {
    this.at += 1
    new Nested(this).code(true)
  }

  children(element) {
    const { source } = this
    while (this.at < source.length) {
      const from = this.at
      if (source.startsWith('</', from)) {
        this.at = this.after('>', from)
        element.close = [from, this.at]
        return
      }
      if (source[from] === '{') this.expression()
      else if (source[from] === '<') new Nested(this).element()
      else this.at += 1
    }
    throw unbalanced(source, element.open[0])
  }
}

/** Code inside a template or an element: its elements count, its tokens do not. */
class Nested extends Scanner {
  constructor(outer) {
    super(outer.source, outer.jsx)
    this.outer = outer
    this.elements = outer.elements
    this.at = outer.at
  }

  code(inside) {
    super.code(inside)
    this.tokens.finish()
    this.outer.at = this.at
  }

  element() {
    super.element()
    this.outer.at = this.at
  }
}

/** The body of the function whose name is at `name`. */
export function functionBody(tokens, name) {
  const open = tokens.findIndex((token, index) => index > name && token.text === '(' && token.kind === 'punct')
  if (open < 0) return null
  for (let at = tokens[open].pair + 1; at < tokens.length; at += 1) {
    const { text, pair } = tokens[at]
    if (text === ';') return null
    // After one of these, a brace opens a type.
    if (text === '{' && ![':', '|', '&', '<', ','].includes(tokens[at - 1].text)) return [at, pair]
    if (pair > at) at = pair
  }
  return null
}
