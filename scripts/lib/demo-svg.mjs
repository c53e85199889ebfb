// Makes docs/images/demo.svg, the moving picture of the README, of what scripts/demo prints:
//
//     scripts/demo | node scripts/lib/demo-svg.mjs > docs/images/demo.svg
//
// Lines appear one after the other and scroll, for ever. Paths of this machine are shortened; keys are not printed by the demo.
import { readFileSync } from 'node:fs'

const [COLUMNS, ROWS, WIDTH, HEIGHT, PAD] = [104, 24, 8.4, 20, 16]
const [LINE_S, TITLE_S, END_S] = [0.25, 1.2, 5]
const BOLD = '\u001b[1m'

const home = `${process.cwd()}/target/demo`
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** What a terminal of this width shows of one line. */
function shown(line) {
  const plain = line.replaceAll(home, '~/demo').replaceAll(/\u001b\[[0-9;]*m/g, '')
  return { text: plain.length > COLUMNS ? `${plain.slice(0, COLUMNS - 1)}…` : plain, bold: line.startsWith(BOLD) }
}

const lines = readFileSync(0, 'utf8').trim().split('\n').map(shown)
let now = 0
for (const line of lines) {
  line.at = now
  now += line.bold ? TITLE_S : LINE_S
}
const total = now + END_S
const percent = (seconds) => ((seconds / total) * 100).toFixed(2)

const appear = lines.map(({ at }, index) =>
  `@keyframes l${index}{0%,${percent(at)}%{opacity:0}${percent(at + 0.01)}%,100%{opacity:1}}`)
const scroll = lines.map(({ at }, index) => {
  const up = Math.max(0, index + 1 - ROWS) * HEIGHT
  return `${percent(at)}%{transform:translateY(${-up}px)}`
})
const rows = lines.map(({ text, bold }, index) =>
  `<text y="${(index + 1) * HEIGHT - 5}" class="${bold ? 't' : 'o'}" style="animation-name:l${index}">${escaped(text)}</text>`)

const [width, height] = [COLUMNS * WIDTH + 2 * PAD, ROWS * HEIGHT + 2 * PAD]
process.stdout.write(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="scripts/demo in a terminal">
<style>
text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre;animation:${total}s step-end infinite}
.o{fill:#c9d1d9}.t{fill:#fff;font-weight:bold}
g{animation:up ${total}s step-end infinite}
@keyframes up{0%{transform:translateY(0)}${scroll.join('')}100%{transform:translateY(${-Math.max(0, lines.length - ROWS) * HEIGHT}px)}}
${appear.join('\n')}
</style>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<svg x="${PAD}" y="${PAD}" width="${COLUMNS * WIDTH}" height="${ROWS * HEIGHT}"><g>
${rows.join('\n')}
</g></svg>
</svg>
`)
