// Does in a new app what the quick start of README.md says, line by line:
//
//     node follow.mjs README.md APP
//
// A block of code goes to the file that the line above it names: after the heading that the line names, at the end where it
// says so, else in place of what is there. A block of shell commands is printed, for the caller to run.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [readme, app] = process.argv.slice(2)
const text = readFileSync(readme, 'utf8')
const start = text.indexOf('## Quick start')
const end = text.indexOf('A test makes a new app', start)
if (start < 0 || end < 0) throw new Error('README.md has no quick start')

let followed = 0
for (const [, lead, language, code] of text.slice(start, end).matchAll(/([^\n]*)\n\n```(\w+)\n(.*?)```/gs)) {
  followed += 1
  if (language === 'sh') {
    process.stdout.write(code)
    continue
  }
  const [, file, heading] = /^`([^`]+)`(?:, under `([^`]+)`)?/.exec(lead) ?? []
  if (!file) throw new Error(`no file is named above:\n${code}`)
  const path = join(app, file)
  const before = readFileSync(path, 'utf8')
  if (heading) {
    if (!before.includes(`${heading}\n`)) throw new Error(`${file} has no ${heading}`)
    writeFileSync(path, before.replace(`${heading}\n`, `${heading}\n${code}`))
  } else {
    writeFileSync(path, lead.endsWith('at its end:') ? `${before}\n${code}` : code)
  }
}
if (followed !== 5) throw new Error(`the quick start has ${followed} blocks; this script knows five`)
