// Builds the npm package (ESM, CJS, types for both) and `api-iife.js`, which Tauri gives to pages that have no bundler.
import terser from '@rollup/plugin-terser'
import typescript from '@rollup/plugin-typescript'
import { dts } from 'rollup-plugin-dts'

const input = 'guest-js/index.ts'
const external = [/^@tauri-apps\/api/]
const compile = () =>
  typescript({ exclude: ['**/*.test.ts', 'vitest.config.ts'], compilerOptions: { noEmit: false, declaration: false } })

function onwarn(warning) {
  throw Object.assign(new Error(), warning)
}

export default [
  {
    input,
    external,
    onwarn,
    plugins: [compile()],
    output: [
      { file: 'dist-js/index.js', format: 'es' },
      { file: 'dist-js/index.cjs', format: 'cjs', exports: 'named' },
    ],
  },
  {
    input,
    external,
    onwarn,
    plugins: [dts()],
    output: [{ file: 'dist-js/index.d.ts' }, { file: 'dist-js/index.d.cts' }],
  },
  {
    input,
    external,
    onwarn,
    plugins: [compile(), terser()],
    output: {
      file: 'api-iife.js',
      format: 'iife',
      exports: 'named',
      name: '__TAURI_PLUGIN_RAVI__',
      // The page's own copy of Tauri's API, so that this script carries none.
      globals: { '@tauri-apps/api/core': 'window.__TAURI__.core', '@tauri-apps/api/event': 'window.__TAURI__.event' },
      banner: "if ('__TAURI__' in window) {",
      footer: "Object.defineProperty(window.__TAURI__, 'ravi', { value: __TAURI_PLUGIN_RAVI__ }) }",
    },
  },
]
