// Places in a Rust file, named by what is there: a function, one of its statements, an item. Each place has `words`, for people
// to read, and `find`, which returns where it is.
import { afterAttributes, functionBody, scanRust, statements } from './rust.mjs'
import { ambiguous, missing, only, place } from './places.mjs'

/** An item at the top level of the file: `mod settings`, `struct Entry`. */
export function item(name) {
  const isIt = (tokens) => ([from, to]) => startsItem(tokens, from, to, name.split(' '))
  return sides(`\`${name}\``, (file) => only(items(file).filter(isIt(tokensOf(file))), `\`${name}\``, file))
}

/** A function at the top level of the file, or else the only one of this name further in (in an `impl`, in another function). */
export function fn(name) {
  const words = `fn ${name}`
  const body = (file) => bodyOf(file, name)
  const all = (file) => statements(tokensOf(file), body(file))
  return {
    words,
    start: place(`at the start of ${words}`, (file) => [inside(file, body(file))]),
    beforeLast: place(`in ${words}, before its last expression`, (file) => {
      const last = all(file).at(-1)
      if (!last) throw missing(words, file)
      return [before(file, last)]
    }),
    /** The statement of the function's body to which `what` applies. */
    statement: (what) => {
      const one = `statement of ${words} that ${what.words}`
      return sides(`the ${one}`, (file) => only(all(file).filter(what.test(file)), one, file))
    },
    /** The same further in: the smallest statement of any block. */
    innermost: (what) => {
      const one = `statement of ${words} that ${what.words}`
      return sides(`the innermost ${one}`, (file) => {
        const tokens = tokensOf(file)
        const found = blocks(tokens, body(file)).flatMap((block) => statements(tokens, block)).filter(what.test(file))
        return only(found.filter((outer) => !found.some((inner) => isWithin(inner, outer))), one, file)
      })
    },
    /** An arm of a `match` whose pattern is a single string. */
    arm: (text) =>
      sides(`the arm "${text}" of ${words}`, (file) => {
        const tokens = tokensOf(file)
        const [open, close] = body(file)
        const heads = indices(open, close).filter((at) => tokens[at].text === `"${text}"` && tokens[at + 1].text === '=>')
        return only(heads.map((at) => [at, at]), `arm "${text}" of ${words}`, file)
      }),
    /** The expression that makes a value of a struct, `Name { … }`. */
    literal: (struct) => ({
      start: place(`in ${words}, first in the value of ${struct}`, (file) => {
        const tokens = tokensOf(file)
        const [open, close] = body(file)
        const isValue = (at) => tokens[at].text === struct && tokens[at + 1].text === '{' && tokens[at - 1].text !== '->'
        const heads = indices(open, close).filter(isValue)
        const [at] = only(heads.map((one) => [one + 1]), `value of ${struct} in ${words}`, file)
        return [inside(file, [at, tokens[at].pair])]
      }),
    }),
  }
}

/** A struct; lines are put after its fields. */
export function struct(name) {
  return {
    end: place(`last in struct ${name}`, (file) => {
      const tokens = tokensOf(file)
      const [from, to] = only(items(file).filter(([a, b]) => startsItem(tokens, a, b, ['struct', name])), `struct ${name}`, file)
      const open = indices(from, to).find((at) => tokens[at].text === '{' && at > afterAttributes(tokens, from))
      if (open === undefined) throw missing(`the fields of struct ${name}`, file)
      return [{ at: tokens[tokens[open].pair].start, side: 'before', deeper: true }]
    }),
  }
}

/** A statement that calls `name`, which may be a path (`State::load`). */
export function calls(name) {
  const path = name.split('::')
  const isPart = (tokens, at, part) => tokens[at]?.text === part && (part === path[0] || tokens[at - 1].text === '::')
  const isPath = (tokens, at) => path.every((part, n) => isPart(tokens, at + 2 * n, part))
  const isNamed = (tokens, at) => isPath(tokens, at) && tokens[at - 1]?.text !== 'fn'
  const isCall = (tokens, at) => isNamed(tokens, at) && tokens[at + 2 * path.length - 1]?.text === '('
  const test = (tokens, [from, to]) => indices(from, to).some((at) => isCall(tokens, at))
  return { words: `calls ${name}`, test: (file) => (one) => test(tokensOf(file), one) }
}

/** `let name = …` */
export function binds(name) {
  const test = (tokens, [from]) => {
    const at = afterAttributes(tokens, from)
    return tokens[at].text === 'let' && tokens[at + (tokens[at + 1].text === 'mut' ? 2 : 1)].text === name
  }
  return { words: `binds ${name}`, test: (file) => (one) => test(tokensOf(file), one) }
}

/** `if name …` */
export function asks(name) {
  const test = (tokens, [from]) => {
    const at = afterAttributes(tokens, from)
    return tokens[at].text === 'if' && tokens[at + 1].text === name
  }
  return { words: `is an \`if\` on ${name}`, test: (file) => (one) => test(tokensOf(file), one) }
}

function sides(words, find) {
  return {
    before: place(`before ${words}`, (file) => [before(file, find(file))]),
    after: place(`after ${words}`, (file) => [after(file, find(file))]),
    around: place(`around ${words}`, (file) => [before(file, find(file)), after(file, find(file))]),
  }
}

function tokensOf(file) {
  return (file.rust ??= scanRust(file.source))
}

/** The statements of a file are its items. */
function items(file) {
  const tokens = tokensOf(file)
  return statements(tokens, [-1, tokens.length])
}

function startsItem(tokens, from, to, [keyword, name]) {
  const at = afterAttributes(tokens, from)
  const visible = tokens[at].text === 'pub' ? (tokens[at + 1].text === '(' ? tokens[at + 1].pair + 1 : at + 1) : at
  return tokens[visible].text === keyword && tokens[visible + 1]?.text === name
}

function bodyOf(file, name) {
  const tokens = tokensOf(file)
  const heads = indices(0, tokens.length - 2).filter((at) => tokens[at].text === 'fn' && tokens[at + 1].text === name)
  const bodies = heads.map((at) => [at, functionBody(tokens, at + 1)]).filter(([, body]) => body)
  const tops = bodies.filter(([at]) => items(file).some(([from, to]) => from <= at && at <= to && isTop(tokens, from, at)))
  const found = tops.length > 0 ? tops : bodies
  if (found.length === 0) throw missing(`fn ${name}`, file)
  if (found.length > 1) throw ambiguous(`fn ${name}`, file)
  return found[0][1]
}

/** Whether no bracket is open between the start of the item and this token. */
function isTop(tokens, from, at) {
  for (let i = from; i < at; i += 1) {
    if (tokens[i].pair > at) return false
    if (tokens[i].pair > i) i = tokens[i].pair
  }
  return true
}

function isWithin([from, to], [start, end]) {
  return start <= from && to <= end && to - from < end - start
}

function blocks(tokens, [open, close]) {
  return indices(open, close).filter((at) => tokens[at].text === '{' && tokens[at].pair > at).map((at) => [at, tokens[at].pair])
}

function indices(from, to) {
  return Array.from({ length: to - from + 1 }, (_, n) => from + n)
}

const before = (file, [from]) => ({ at: tokensOf(file)[from].start, side: 'before' })
const after = (file, [from, to]) => ({ at: tokensOf(file)[to].end, side: 'after', from: tokensOf(file)[from].start })
const inside = (file, [open]) => ({ at: tokensOf(file)[open].end, side: 'after', deeper: true })
