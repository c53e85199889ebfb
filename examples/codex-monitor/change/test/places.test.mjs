// Where a place is, in Rust and in TypeScript: lookalikes in strings and comments do not count.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { object, table } from '../lib/data-anchors.mjs'
import { withEdits } from '../lib/marked.mjs'
import { asks, binds, calls, fn, item, struct } from '../lib/rust-anchors.mjs'
import * as ts from '../lib/ts-anchors.mjs'

/** The numbers, from 1, of the lines that are put into `source`. */
function added(name, source, at, add = ['x;'], close = ['y;']) {
  const lines = withEdits(name, source, [{ file: name, at, add, close }]).split('\n')
  return lines.flatMap((line, index) => (/\+ravi/.test(line) ? [index + 1] : []))
}
const rust = (source, at) => added('a.rs', source, at)
const tsx = (source, at) => added('a.tsx', source, at)
const code = (expected) => (error) => error.code === `change.${expected}`

test('a name in a comment, a string or a character is no function', () => {
  const source = `// fn go() {
/* fn go() { /* } */ */
const TEXT: &str = "fn go() { \\" {";
const RAW: &str = r##"fn go() { "# "##;
const BRACE: char = '{';
fn go<'a>(text: &'a str) {
    text.len();
}
`
  assert.deepEqual(rust(source, fn('go').start), [7])
})

test('where clauses with closures, and constants between angle brackets, are before the body', () => {
  const source = `fn go<F, const N: usize>(f: F) -> Array<{ N + 1 }>
where
    F: Fn(&str, [u8; 2]) -> Result<(), String>,
    Assert<{ N > 1 }>: IsTrue,
{
    f("", [0; 2]);
    make()
}
`
  assert.deepEqual(rust(source, fn('go').start), [6])
  assert.deepEqual(rust(source, fn('go').beforeLast), [7])
})

test('of nested functions the outer one is meant, and one in an impl where there is no other', () => {
  const source = `fn outer() {
    fn inner() {
        call();
    }
    inner();
}
impl Thing {
    fn load(&self) -> u8 {
        1
    }
}
mod tests {
    fn outer() {}
}
`
  assert.deepEqual(rust(source, fn('outer').statement(calls('inner')).before), [5])
  assert.deepEqual(rust(source, fn('outer').innermost(calls('call')).before), [3])
  assert.deepEqual(rust(source, fn('load').beforeLast), [9])
})

test('a statement goes from its attributes to its end, whatever it is made of', () => {
  const source = `fn go() -> u8 {
    #[cfg(unix)]
    let Some(a) = one() else {
        return 0;
    };
    if let Err(error) = {
        two()
    } {
        three(error);
    } else if let Some(b) = four() {
        b.done();
    } else {
        five();
    }
    match six() {
        _ => seven(),
    }
    .eight();
    let child = if nine() { 1 } else { 2 };
    thing! {
        ten()
    }
    Value { a, child }
}
`
  const go = fn('go')
  assert.deepEqual(rust(source, go.statement(calls('one')).before), [2])
  assert.deepEqual(rust(source, go.statement(calls('two')).around), [6, 16])
  assert.deepEqual(rust(source, go.statement(calls('five')).after), [15])
  assert.deepEqual(rust(source, go.statement(calls('six')).after), [19])
  assert.deepEqual(rust(source, go.statement(binds('child')).before), [19])
  assert.deepEqual(rust(source, go.statement(calls('ten')).after), [23])
  assert.deepEqual(rust(source, go.beforeLast), [23])
})

test('a path is called, an `if` asks, an arm matches, a value is made', () => {
  const source = `mod one;
pub(crate) mod two;
fn go(x: Info) -> Info {
    let later = || Other::load(1);
    let state = crate::State::load(later);
    if quick {
        slow();
    }
    match text {
        "--go" => {
            stop("--stop =>");
        }
        _ => {}
    }
    wrap(Info {
        a: 1,
    })
}
pub(crate) struct Info {
    pub(crate) a: u8,
}
`
  assert.deepEqual(rust(source, item('mod two').before), [2])
  assert.deepEqual(rust(source, item('mod one').after), [2])
  assert.deepEqual(rust(source, fn('go').statement(calls('State::load')).after), [6])
  assert.deepEqual(rust(source, fn('go').statement(asks('quick')).around), [6, 10])
  assert.deepEqual(rust(source, fn('go').arm('--go').before), [10])
  assert.throws(() => rust(source, fn('go').arm('--stop').before), code('anchor_missing'))
  assert.deepEqual(rust(source, fn('go').literal('Info').start), [16])
  assert.deepEqual(rust(source, struct('Info').end), [21])
})

test('what is there twice, not at all, on one line or not whole is said by a code', () => {
  assert.throws(() => rust('fn a() {\n    b();\n    b();\n}\n', fn('a').statement(calls('b')).before), code('anchor_ambiguous'))
  assert.throws(() => rust('impl A {\n    fn a() {}\n}\nimpl B {\n    fn a() {}\n}\n', fn('a').start), code('anchor_ambiguous'))
  assert.throws(() => rust('fn a() {\n    // b();\n    c("b()");\n}\n', fn('a').statement(calls('b')).before), code('anchor_missing'))
  assert.throws(() => rust('fn a() { b() }\n', fn('a').start), code('anchor_inline'))
  assert.throws(() => rust('fn a() {\n    b(\n}\n', fn('a').start), code('unbalanced'))
})

test('elements are found by class and tag, whatever text is around them', () => {
  const source = `import { a } from "./a";
import {
  b,
} from './b'; // import { c } from "./c";
const pattern = /[/"'\`]<div className="row">/g;
const text = \`<div className="row">\${[1].map((n) => <i key={n}>it's</i>)}\`;
const half = a / b / 2;
const id = <T,>(x: T) => x;
export function Row<T extends object>({ a, on = () => {} }: Props<T>) {
  if (a < b && b > a) return null;
  return (
    <>
      {/* <div className="row"> */}
      <p title='"'>Don't {a ? "}" : <b>{\`\${a}\`}</b>} stop</p>
      <div
        className={\`row \${a > 1 ? "big" : ""}\`}
        onClick={() => on("</div>")}
      >
        <Row.Item list={[1, 2].filter((n) => n > 1)} />
      </div>
    </>
  );
}
`
  assert.deepEqual(tsx(source, ts.imports), [5])
  assert.deepEqual(tsx(source, ts.fn('Row').start), [10])
  assert.deepEqual(tsx(source, ts.className('row').before), [15])
  assert.deepEqual(tsx(source, ts.className('row').end), [20])
  assert.throws(() => tsx(source, ts.className('ro').before), code('anchor_missing'))
  assert.throws(() => tsx(source, ts.tag('p').end), code('anchor_inline'))
})

test('constants, types, tables and objects are found at the top', () => {
  const source = `type Info = {
  a: string;
};
function f() {
  const LIST = [
    0,
  ];
}
export const LIST: readonly string[] = [
  "a",
];
`
  assert.deepEqual(tsx(source, ts.type('Info').start), [2])
  assert.deepEqual(tsx(source, ts.constant('LIST').start), [10])
  const toml = '[package]\nname = "[dependencies]"\n\n[dependencies]\na = "1"\n'
  assert.deepEqual(added('Cargo.toml', toml, table('dependencies').before), [4])
  assert.throws(() => added('Cargo.toml', toml, table('features').before), code('anchor_missing'))
  const json = '{\n  "dependencies": {\n    "a": "1"\n  }\n}\n'
  const line = '"tauri-plugin-ravi-api": "1",'
  const edit = { file: 'p.json', at: object('dependencies').start, add: [line], close: [] }
  assert.equal(withEdits('p.json', json, [edit]), json.replace('{\n    "a"', `{\n    ${line}\n    "a"`))
  assert.throws(() => withEdits('p.json', '{ "dependencies": {} }\n', [edit]), code('anchor_missing'))
})
