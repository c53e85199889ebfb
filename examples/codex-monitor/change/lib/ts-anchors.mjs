// Places in a TypeScript file, and in its elements.
import { functionBody, scanTs } from './tsx.mjs'
import { only, place } from './places.mjs'

/** After the last import. */
export const imports = place('after the imports', (file) => {
  const { tokens } = scan(file)
  const isImport = (at) => tokens[at].text === 'import' && isTop(tokens, at) && isLineStart(file, tokens[at])
  const heads = [...tokens.keys()].filter(isImport)
  only(heads.length > 0 ? [heads] : [], 'import', file)
  const from = tokens.findIndex((token, at) => at >= heads.at(-1) && token.kind === 'string')
  return [{ at: tokens[tokens[from + 1]?.text === ';' ? from + 1 : from].end, side: 'after', from: tokens[heads.at(-1)].start }]
})

export function fn(name) {
  return {
    start: place(`at the start of function ${name}`, (file) => {
      const { tokens } = scan(file)
      const heads = [...tokens.keys()].filter((at) => tokens[at].text === 'function' && tokens[at + 1]?.text === name)
      const bodies = heads.map((at) => functionBody(tokens, at + 1))
      const [open] = only(bodies.filter(Boolean), `function ${name}`, file)
      return [{ at: tokens[open].end, side: 'after', deeper: true }]
    }),
  }
}

/** The value of a constant: a list or an object. */
export function constant(name) {
  return {
    start: place(`first in the constant ${name}`, (file) => [first(file, 'const', name, ['[', '{'])]),
  }
}

/** The members of a type. */
export function type(name) {
  return {
    start: place(`first in the type ${name}`, (file) => [first(file, 'type', name, ['{'])]),
  }
}

/** The only element with this tag. */
export function tag(name) {
  return element(`the element <${name}>`, (one) => one.tag === name)
}

/** The only element with this class. */
export function className(name) {
  const word = new RegExp(`(^|[^\\w-])${name}($|[^\\w-])`)
  return element(`the element of class ${name}`, (one) => word.test(one.classes))
}

function element(words, test) {
  const find = (file) => only(scan(file).elements.filter(test), words.replace(/^the /, ''), file)
  return {
    before: place(`before ${words}`, (file) => [{ at: find(file).open[0], side: 'before', jsx: true }]),
    end: place(`last in ${words}`, (file) => [{ at: find(file).close[0], side: 'before', deeper: true, jsx: true }]),
  }
}

function first(file, keyword, name, opens) {
  const { tokens } = scan(file)
  const isHead = (at) => tokens[at].text === keyword && tokens[at + 1]?.text === name && isTop(tokens, at)
  const heads = [...tokens.keys()].filter(isHead)
  const found = heads.map((head) => {
    const from = tokens.findIndex((token, at) => at > head && token.text === '=')
    return tokens.findIndex((token, at) => at > from && opens.includes(token.text) && token.kind === 'punct')
  })
  const at = only(found, `${keyword} ${name}`, file)
  return { at: tokens[at].end, side: 'after', deeper: true }
}

function scan(file) {
  return (file.ts ??= scanTs(file.source, file.name.endsWith('x')))
}

function isTop(tokens, at) {
  for (let i = 0; i < at; i += 1) {
    if (tokens[i].pair > at) return false
    if (tokens[i].pair > i) i = tokens[i].pair
  }
  return true
}

function isLineStart(file, token) {
  return token.start === 0 || file.source[token.start - 1] === '\n'
}
