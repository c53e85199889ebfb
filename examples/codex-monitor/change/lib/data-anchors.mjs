// Places in TOML and JSON, line by line: both are written with one entry per line.
import { missing, place } from './places.mjs'

/** A table of a TOML file, `[dependencies]`. */
export function table(name) {
  const find = (file) => line(file, (one) => one.trimEnd() === `[${name}]`, `table [${name}]`)
  return {
    before: place(`before the table [${name}]`, (file) => [{ at: find(file), side: 'before' }]),
  }
}

/** An object of a JSON file with one member per line. */
export function object(key) {
  return {
    start: place(`first in "${key}"`, (file) => {
      const at = line(file, (one) => new RegExp(`^\\s*"${key}":\\s*\\{\\s*$`).test(one), `object "${key}" over several lines`)
      return [{ at: at + file.source.slice(at).search(/\{/) + 1, side: 'after', deeper: true }]
    }),
  }
}

function line(file, test, what) {
  let at = 0
  for (const one of file.source.split('\n')) {
    if (test(one)) return at
    at += one.length + 1
  }
  throw missing(what, file)
}
