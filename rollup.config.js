// Builds the npm package (ESM, CJS, types for both) and `api-iife.js`, which Tauri gives to pages that have no bundler.
import terser from '@rollup/plugin-terser'
import typescript from '@rollup/plugin-typescript'
import { dts } from 'rollup-plugin-dts'

const packages = [/^@tauri-apps\/api/, /^react(\/|$)/]
const compile = () =>
  typescript({ exclude: ['**/*.test.*', 'vitest.config.ts'], compilerOptions: { noEmit: false, declaration: false } })

function onwarn(warning) {
  throw Object.assign(new Error(), warning)
}

/** One entry of the package, `dist-js/NAME.{js,cjs,d.ts,d.cts}`. */
function entry(name, input = `guest-js/${name}.ts`) {
  // The hooks take the bindings from the main entry, so that there is one `RaviError` and not two.
  const external = ['../index', ...packages]
  const output = (extension, more) => {
    const index = /c(js|ts)$/.test(extension) ? './index.cjs' : './index.js'
    return { file: `dist-js/${name}.${extension}`, paths: (id) => (id.endsWith('/guest-js/index') ? index : id), ...more }
  }
  return [
    {
      input,
      external,
      onwarn,
      plugins: [compile()],
      output: [output('js', { format: 'es' }), output('cjs', { format: 'cjs', exports: 'named' })],
    },
    { input, external, onwarn, plugins: [dts()], output: [output('d.ts'), output('d.cts')] },
  ]
}

export default [
  ...entry('index'),
  ...entry('react', 'guest-js/react/index.ts'),
  {
    input: 'guest-js/index.ts',
    external: packages,
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
